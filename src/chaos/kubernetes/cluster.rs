//! A cluster: where its API server is, as a kubeconfig says, and how it is asked.

use std::future::Future;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use kube::config::{Config, ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::Configured;
use super::error::{Asked, ClusterError, plain};
use super::given::Scope;
use super::place::Place;
use super::session::Session;
use crate::chaos::{Chaos, ChaosError};
use crate::http::{Proxies, ProxyChoice, Target};
use crate::suggest::did_you_mean;

/// Longer than this nobody waits for one answer.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at whether an answer is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// For all that one fault asks, and for the program that a kubeconfig may name, which gets credentials.
pub const LONGEST: Duration = Duration::from_secs(60);

/// One cluster, as one user in it.
#[derive(Clone)]
pub struct Cluster {
    config: Config,
    place: Place,
    /// The kubeconfig's name for it; a pod has none.
    context: Option<String>,
    namespace: String,
}

/// The cluster of faults that name none, without a word to it.
///
/// # Errors
/// When there is none, or the kubeconfig is wrong.
pub fn configured() -> Result<Configured, ClusterError> {
    let cluster = Cluster::of(&Scope::default())?;
    Ok(Configured {
        url: cluster.url(),
        by: cluster.by(),
        namespace: cluster.namespace,
    })
}

impl Cluster {
    /// The one that a script means. Only files are read.
    ///
    /// # Errors
    /// When there is none, or the kubeconfig is wrong.
    pub fn of(scope: &Scope) -> Result<Self, ClusterError> {
        Self::within(&Place::find()?, scope)
    }

    /// The same by a kubeconfig that was found before.
    ///
    /// # Errors
    /// When the kubeconfig is wrong by now.
    pub fn within(place: &Place, scope: &Scope) -> Result<Self, ClusterError> {
        let mut cluster = Self::at(place, scope.context.as_deref())?;
        if let Some(namespace) = &scope.namespace {
            cluster.namespace.clone_from(namespace);
        }
        Ok(cluster)
    }

    fn at(place: &Place, context: Option<&str>) -> Result<Self, ClusterError> {
        let (mut config, context) = match place {
            Place::Files(_) => read(place, context)?,
            Place::Pod => match context {
                Some(name) => return Err(no_context(name, place, &[])),
                None => {
                    let config = Config::incluster().map_err(|why| wrong(place, &why))?;
                    (config, None)
                }
            },
        };
        config.connect_timeout = Some(PATIENCE);
        // It would go on for minutes, and then not tell why; the session tries again by itself.
        config.default_retry = false;
        // Nobody is there to answer it, and the terminal may be the view's.
        if let Some(exec) = &mut config.auth_info.exec {
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
        }
        Ok(Self {
            namespace: config.default_namespace.clone(),
            config,
            place: place.clone(),
            context,
        })
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// That of what is asked: the script's, else the kubeconfig's.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Where its API server is.
    pub fn url(&self) -> String {
        self.config
            .cluster_url
            .to_string()
            .trim_end_matches('/')
            .to_owned()
    }

    /// ``context `kind` of /root/.kube/config``.
    pub fn by(&self) -> String {
        match &self.context {
            Some(context) => format!("context `{context}` of {}", self.place),
            None => self.place.to_string(),
        }
    }

    /// Whether faults may be aimed at it.
    ///
    /// # Errors
    /// When it is another machine's, and not in `allowed_hosts`.
    pub fn check(&self, chaos: &Chaos) -> Result<(), ClusterError> {
        // Through a proxy "this machine" is the proxy's.
        let host = self.config.cluster_url.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_here = host == "localhost"
            || bare
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        let proxy = self.config.proxy_url.as_ref().filter(|_| is_here);
        let proxy = proxy.map(ToString::to_string);
        for url in proxy.into_iter().chain([self.url()]) {
            chaos.check_url(&url).map_err(|why| match why {
                ChaosError::Host { host } => ClusterError::Elsewhere {
                    url,
                    by: self.by(),
                    host,
                },
                other => other.into(),
            })?;
        }
        Ok(())
    }

    /// Asks it, on a thread with a runtime of its own: whoever calls may be within another one. It takes so long at most, and no longer
    /// than it is wanted: what is under way then goes on until it has an answer.
    ///
    /// # Errors
    /// What `ask` says, or that it took too long.
    pub fn ask<T, F>(
        &self,
        longest: Duration,
        is_over: &dyn Fn() -> bool,
        ask: impl FnOnce(Session) -> F + Send + 'static,
    ) -> Result<T, ClusterError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ClusterError>>,
    {
        let cluster = self.clone();
        let (tell, told) = mpsc::channel();
        std::thread::Builder::new()
            .name("kubernetes".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                let outcome = runtime.map_err(ClusterError::System).and_then(|runtime| {
                    let outcome = runtime.block_on(async {
                        let session = Session::begin(cluster)?;
                        ask(session).await
                    });
                    // A name that is still being looked up is waited for by nobody.
                    runtime.shutdown_background();
                    outcome
                });
                // Who has waited long enough hears nothing.
                let _ = tell.send(outcome);
            })
            .map_err(ClusterError::System)?;
        let began = Instant::now();
        loop {
            match told.recv_timeout(LOOK.min(longest)) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.unreachable("its thread ended"));
                }
                Err(RecvTimeoutError::Timeout) if began.elapsed() >= longest => {
                    return Err(self.silent("all of it", longest));
                }
                Err(RecvTimeoutError::Timeout) if is_over() => return Err(ClusterError::TooLate),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// What kube is given to make a client of.
    pub(super) fn config(&self) -> Config {
        self.config.clone()
    }

    pub(super) fn silent(&self, asked: &str, after: Duration) -> ClusterError {
        ClusterError::Silent {
            url: self.url(),
            by: self.by(),
            asked: asked.to_owned(),
            after,
        }
    }

    fn unreachable(&self, why: &str) -> ClusterError {
        ClusterError::Reach {
            url: self.url(),
            by: self.by(),
            why: plain(why),
        }
    }

    /// What kube's errors mean to whoever asked.
    pub(super) fn told(&self, error: kube::Error, asked: &Asked) -> ClusterError {
        match error {
            kube::Error::Api(status) => match status.code {
                401 => ClusterError::Unknown {
                    url: self.url(),
                    by: self.by(),
                    why: plain(&status.message),
                },
                403 => {
                    let user = super::error::user_of(&status.message);
                    ClusterError::Forbidden {
                        asked: asked.to_string(),
                        grant: user.as_deref().and_then(|user| asked.grant(user)),
                        user: user.map(|user| format!("`{user}`")),
                    }
                }
                code => ClusterError::Refused {
                    asked: asked.to_string(),
                    status: code,
                    message: plain(&status.message),
                },
            },
            kube::Error::SerdeError(why) => self.nonsense(asked, &why),
            kube::Error::FromUtf8(why) => self.nonsense(asked, &why),
            kube::Error::Auth(why) => self.credentials(&why),
            other => self.unreachable(&causes(&other)),
        }
    }

    fn nonsense(&self, asked: &Asked, why: &dyn std::error::Error) -> ClusterError {
        ClusterError::Nonsense {
            url: self.url(),
            asked: asked.to_string(),
            why: plain(&why.to_string()),
        }
    }

    fn credentials(&self, why: &kube::client::AuthError) -> ClusterError {
        let why = match why {
            // What it printed on its standard output may be a token.
            kube::client::AuthError::AuthExecRun { out, .. } => {
                let said = String::from_utf8_lossy(&out.stderr);
                format!(
                    "the program that gets credentials failed ({}): {said}",
                    out.status
                )
            }
            other => other.to_string(),
        };
        ClusterError::Unknown {
            url: self.url(),
            by: self.by(),
            why: plain(&why),
        }
    }
}

/// All kubeconfig files in one, and what they say of a context.
fn read(place: &Place, context: Option<&str>) -> Result<(Config, Option<String>), ClusterError> {
    let Place::Files(files) = place else {
        return Err(ClusterError::NotConfigured(Vec::new()));
    };
    let mut all = Kubeconfig::default();
    for file in files {
        let one = Kubeconfig::read_from(file).map_err(|why| unread(place, &why))?;
        all = all.merge(one).map_err(|why| wrong(place, &why))?;
    }
    let names: Vec<&str> = all.contexts.iter().map(|one| one.name.as_str()).collect();
    let name = match context.or(all.current_context.as_deref()) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => {
            return Err(ClusterError::Kubeconfig {
                place: place.to_string(),
                why: "it has no current context: `kubectl config use-context` sets it, or the option `context` names one"
                    .to_owned(),
            });
        }
    };
    if !names.contains(&name.as_str()) {
        return Err(no_context(&name, place, &names));
    }
    let has_proxy = has_proxy(&all, &name);
    let options = KubeConfigOptions {
        context: Some(name.clone()),
        ..KubeConfigOptions::default()
    };
    let mut config = loaded(all, &options).map_err(|why| wrong(place, &why))?;
    if !has_proxy && !is_proxied(&config.cluster_url.to_string()) {
        config.proxy_url = None;
    }
    Ok((config, Some(name)))
}

/// kube offers it as a future, which has nothing to wait for.
fn loaded(all: Kubeconfig, options: &KubeConfigOptions) -> Result<Config, KubeconfigError> {
    futures_util::FutureExt::now_or_never(Config::from_custom_kubeconfig(all, options))
        .unwrap_or(Err(KubeconfigError::CurrentContextNotSet))
}

/// Whether the kubeconfig itself says that a context's cluster is behind a proxy.
fn has_proxy(all: &Kubeconfig, context: &str) -> bool {
    let context = all.contexts.iter().find(|one| one.name == context);
    let cluster = context.and_then(|one| Some(one.context.as_ref()?.cluster.as_str()));
    let mut clusters = all
        .clusters
        .iter()
        .filter(|one| Some(one.name.as_str()) == cluster);
    clusters.any(|one| {
        let cluster = one.cluster.as_ref();
        cluster.is_some_and(|one| one.proxy_url.as_deref().is_some_and(|url| !url.is_empty()))
    })
}

/// Whether the environment's proxies are for this URL. kube would send through HTTPS_PROXY what is on this machine, too.
fn is_proxied(url: &str) -> bool {
    let proxies = Proxies::new(&ProxyChoice::Environment);
    Target::parse(url, "").is_ok_and(|target| proxies.pick(&target).is_some())
}

fn unread(place: &Place, why: &KubeconfigError) -> ClusterError {
    match why {
        // All that it says beside the place may be a secret, of which it shows the lines around.
        KubeconfigError::Parse(error) => ClusterError::Kubeconfig {
            place: place.to_string(),
            why: error.location().map_or_else(
                || "it is no kubeconfig".to_owned(),
                |at| format!("line {} is not what a kubeconfig has there", at.line()),
            ),
        },
        other => wrong(place, other),
    }
}

fn wrong(place: &Place, why: &dyn std::error::Error) -> ClusterError {
    ClusterError::Kubeconfig {
        place: place.to_string(),
        why: plain(&causes(why)),
    }
}

fn no_context(name: &str, place: &Place, known: &[&str]) -> ClusterError {
    let hint = did_you_mean(name, known.iter().copied()).map_or_else(
        || match known {
            [] => String::new(),
            known => format!("; it has {}", known.join(", ")),
        },
        |hint| format!("; {hint}"),
    );
    ClusterError::NoContext {
        name: name.to_owned(),
        place: place.to_string(),
        hint,
    }
}

/// An error with its causes, where they say more.
fn causes(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = error.source();
    }
    told
}
