//! The functions that every script can call: what the engine has by itself and what `script::api` adds.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rhai::{Array, Blob, Dynamic, Engine, FnPtr, FuncInfo, INT, ImmutableString, Map};

use super::api::{RESPONSE, SELECTION, types};
use crate::suggest::nearest;

/// One way to call a function: the types of its parameters, and their names as far as they are known.
struct Signature {
    types: Vec<TypeId>,
    names: Vec<String>,
}

/// All ways to call each function.
type Functions = BTreeMap<String, Vec<Signature>>;

/// The functions that are not the script's own.
pub struct Library {
    global: Functions,
    modules: BTreeMap<String, Functions>,
}

thread_local! {
    /// All engines have the same functions, and asking one for them takes as long as some hundred requests.
    static LIBRARY: RefCell<Option<Rc<Library>>> = const { RefCell::new(None) };
}

impl Library {
    /// What an engine that `script::api` has set up offers.
    pub fn of(engine: &Engine) -> Rc<Self> {
        LIBRARY.with_borrow_mut(|kept| {
            kept.get_or_insert_with(|| Rc::new(Self::read(engine)))
                .clone()
        })
    }

    fn read(engine: &Engine) -> Self {
        let mut library = Self {
            global: BTreeMap::new(),
            modules: BTreeMap::new(),
        };
        let described = |info: FuncInfo<'_>| {
            let types = info.metadata.param_types.to_vec();
            // As in `inbox: &mut Inbox`; what the function gives comes last.
            let names = info.metadata.params_info.iter().take(types.len());
            let names = names.map(|one| one.split(':').next().unwrap_or_default());
            let names = names.map(|name| name.trim().to_owned()).collect();
            let name = info.metadata.name.to_string();
            Some((info.namespace.to_string(), name, Signature { types, names }))
        };
        for (namespace, name, signature) in engine.collect_fn_metadata(None, described, true) {
            let functions = match namespace.is_empty() {
                true => &mut library.global,
                false => library.modules.entry(namespace).or_default(),
            };
            functions.entry(name).or_default().push(signature);
        }
        library
    }

    /// Names of the modules that need no import.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.keys().map(String::as_str)
    }

    /// Whether there is a module of this name.
    pub fn has_module(&self, name: &str) -> bool {
        self.modules.contains_key(name)
    }

    fn functions(&self, namespace: &str) -> Option<&Functions> {
        match namespace {
            "" => Some(&self.global),
            name => self.modules.get(name),
        }
    }

    /// Names of the functions of a module, or with an empty name of those that are there everywhere.
    pub fn names(&self, namespace: &str) -> impl Iterator<Item = &str> {
        self.functions(namespace)
            .into_iter()
            .flat_map(|functions| functions.keys().map(String::as_str))
    }

    /// Whether there is such a function.
    pub fn has(&self, namespace: &str, name: &str) -> bool {
        self.functions(namespace)
            .is_some_and(|functions| functions.contains_key(name))
    }

    fn signatures(&self, namespace: &str, name: &str) -> &[Signature] {
        self.functions(namespace)
            .and_then(|functions| functions.get(name))
            .map_or(&[], Vec::as_slice)
    }

    /// The numbers of arguments with which a function can be called, ascending.
    pub fn arities(&self, namespace: &str, name: &str) -> Vec<usize> {
        let mut arities: Vec<usize> = self
            .signatures(namespace, name)
            .iter()
            .map(|signature| signature.types.len())
            .collect();
        arities.sort_unstable();
        arities.dedup();
        arities
    }

    /// Whether any type has a property of this name.
    pub fn has_property(&self, name: &str) -> bool {
        self.global.contains_key(&format!("get${name}"))
    }

    /// The ways to call a function on a value of this type, or of any: the first parameter is the value.
    fn methods<'a>(
        &'a self,
        name: &str,
        kind: Option<TypeId>,
    ) -> impl Iterator<Item = &'a Signature> {
        let all = self.signatures("", name).iter();
        all.filter(move |signature| match (signature.types.first(), kind) {
            (Some(_), None) => true,
            (Some(first), Some(kind)) => *first == kind || *first == TypeId::of::<Dynamic>(),
            (None, _) => false,
        })
    }

    /// The numbers of arguments with which a function can be called on a value of this type; nothing if the type is not known.
    pub fn method_arities(&self, name: &str, kind: &str) -> Option<Vec<usize>> {
        let kind = type_named(kind)?;
        let methods = self.methods(name, Some(kind));
        let mut arities: Vec<usize> = methods.map(|way| way.types.len() - 1).collect();
        arities.sort_unstable();
        arities.dedup();
        Some(arities)
    }

    /// The names of the arguments of each way to call a function on a value of this type, or of any if none is given; the fewest first.
    pub fn ways(&self, name: &str, kind: Option<&str>) -> Vec<Vec<&str>> {
        let methods = self.methods(name, kind.and_then(type_named));
        let mut ways: Vec<Vec<&str>> = methods
            .map(|way| {
                let named = (1..way.types.len()).map(|at| {
                    let name = way.names.get(at).map(String::as_str);
                    name.filter(|name| rhai::is_valid_identifier(name) && *name != "_")
                        .unwrap_or("…")
                });
                named.collect()
            })
            .collect();
        ways.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        ways.dedup();
        ways
    }

    /// What a function takes as one of its arguments, in words; nothing where any value will do.
    pub fn takes(&self, namespace: &str, name: &str, arity: usize, at: usize) -> Option<String> {
        let mut kinds: Vec<&str> = Vec::new();
        for signature in self.signatures(namespace, name) {
            let kind = match signature.types.get(at) {
                Some(kind) if signature.types.len() == arity => *kind,
                _ => continue,
            };
            let word = word_of(kind)?;
            if !kinds.contains(&word) {
                kinds.push(word);
            }
        }
        (!kinds.is_empty()).then(|| kinds.join(" or "))
    }

    /// What can be read or called on a value of a type with this name: its properties, then its methods.
    pub fn members(&self, kind: &str) -> Vec<String> {
        let Some((id, _)) = types().into_iter().find(|(_, name)| *name == kind) else {
            return self.members_of_builtin(kind);
        };
        let own = |signatures: &Vec<Signature>| {
            signatures
                .iter()
                .any(|signature| signature.types.first() == Some(&id))
        };
        let mut members: Vec<String> = Vec::new();
        for (name, signatures) in &self.global {
            if own(signatures) && !name.starts_with("set$") && !name.contains("$set") {
                let plain = name.strip_prefix("get$").unwrap_or(name);
                if rhai::is_valid_identifier(plain) && !members.iter().any(|m| m == plain) {
                    members.push(plain.to_owned());
                }
            }
        }
        members
    }

    fn members_of_builtin(&self, kind: &str) -> Vec<String> {
        let id = match kind {
            "array" => TypeId::of::<Array>(),
            "string" => TypeId::of::<ImmutableString>(),
            "map" => TypeId::of::<Map>(),
            _ => return Vec::new(),
        };
        self.global
            .iter()
            .filter(|(_, all)| all.iter().any(|way| way.types.first() == Some(&id)))
            .map(|(name, _)| name.strip_prefix("get$").unwrap_or(name).to_owned())
            .filter(|name| rhai::is_valid_identifier(name))
            .collect()
    }

    /// Whether a member of a type is called, not read.
    pub fn is_method(&self, name: &str) -> bool {
        self.global.contains_key(name) && !self.global.contains_key(&format!("get${name}"))
    }

    /// The member nearest to a misspelt one.
    pub fn nearest_member(&self, kind: &str, wrong: &str) -> Option<String> {
        let members = self.members(kind);
        nearest(wrong, members.iter().map(String::as_str)).map(str::to_owned)
    }
}

/// A type by the name that Rhai's errors give it.
fn type_named(name: &str) -> Option<TypeId> {
    let known = [
        ("i64", TypeId::of::<INT>()),
        ("f64", TypeId::of::<f64>()),
        ("bool", TypeId::of::<bool>()),
        ("char", TypeId::of::<char>()),
        ("string", TypeId::of::<ImmutableString>()),
        ("array", TypeId::of::<Array>()),
        ("map", TypeId::of::<Map>()),
        ("blob", TypeId::of::<Blob>()),
        ("Fn", TypeId::of::<FnPtr>()),
    ];
    let mut all = known
        .into_iter()
        .chain(types().into_iter().map(|(id, name)| (name, id)));
    all.find(|(known, _)| *known == name).map(|(_, id)| id)
}

/// A type in words; nothing for what takes any value.
fn word_of(kind: TypeId) -> Option<&'static str> {
    let known = [
        (TypeId::of::<INT>(), "a whole number"),
        (TypeId::of::<f64>(), "a number"),
        (TypeId::of::<bool>(), "true or false"),
        (TypeId::of::<ImmutableString>(), "a text"),
        (TypeId::of::<String>(), "a text"),
        (TypeId::of::<&str>(), "a text"),
        (TypeId::of::<Array>(), "a list"),
        (TypeId::of::<Map>(), "a map"),
        (TypeId::of::<Blob>(), "a blob"),
        (TypeId::of::<FnPtr>(), "a closure"),
    ];
    if kind == TypeId::of::<Dynamic>() {
        return None;
    }
    let builtin = known
        .iter()
        .find(|(id, _)| *id == kind)
        .map(|(_, word)| *word);
    builtin.or_else(|| {
        types()
            .into_iter()
            .find(|(id, _)| *id == kind)
            .map(|(_, name)| match name {
                RESPONSE => "a response",
                SELECTION => "a selection",
                other => other,
            })
    })
}

/// A type as Rhai's errors name it, in words.
pub fn readable_type(name: &str) -> String {
    match name.trim() {
        "i64" => "a whole number",
        "f64" => "a number",
        "bool" => "true or false",
        "string" | "char" | "&str | ImmutableString | String" => "a text",
        "array" => "a list",
        "map" => "a map",
        "blob" => "a blob",
        "Fn" => "a closure",
        RESPONSE => "a response",
        SELECTION => "a selection",
        "()" => "`()`",
        other => return format!("a `{other}`"),
    }
    .to_owned()
}
