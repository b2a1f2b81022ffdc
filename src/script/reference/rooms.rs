//! What stands at the head of each group of functions.

/// A group of functions with what a reader should know before them.
pub struct Room {
    /// As it is registered: a module's name, a type's Rust name, or nothing for what is there everywhere.
    pub key: &'static str,
    pub title: &'static str,
    pub purpose: &'static str,
    /// Statements as they stand inside a function.
    pub example: &'static str,
}

/// Modules, in the order in which they are shown.
pub const MODULES: &[Room] = &[
    Room {
        key: "",
        title: "Everywhere",
        purpose: "",
        example: "\
let rooms = http::get(`${env(\"BASE_URL\")}/api/v1/pms/room-types`);
check(rooms, #{
    \"status is 200\": |r| r.status == 200,
    \"there are rooms\": |r| r.json(\"room_types\") != (),
});
sleep(\"500ms\");",
    },
    Room {
        key: "http",
        title: "`http`",
        purpose: "Requests. A request that fails is a response with `error` set; a wrong argument is a script error.",
        example: "\
let url = `${env(\"BASE_URL\")}/api/v1/reservations`;
let booked = http::post(url, #{ room: \"room-double\", guest: \"Ada\" }, #{ name: \"reserve\", timeout: \"5s\" });
let both = http::batch([`${env(\"BASE_URL\")}/health/live`, [\"GET\", `${url}/${booked.json(\"id\")}`]]);",
    },
    Room {
        key: "metrics",
        title: "`metrics`",
        purpose: "The script's own metrics. Each gives a [`Metric`](#metric) to add values to; objectives can judge it by its name.",
        example: "\
metrics::counter(\"bookings\").add(1);
metrics::rate(\"cache_hits\").add(true);
metrics::trend(\"booking_time\", true).add(118.5, #{ room: \"double\" });",
    },
    Room {
        key: "log",
        title: "`log`",
        purpose: "Lines on standard error, above the progress. `print` logs as `info`, `debug` as `trace`. At most 1,000 lines a second and worker are shown; the rest is counted.",
        example: "log::warn(`no room left after ${time::iso()}`);",
    },
    Room {
        key: "random",
        title: "`random`",
        purpose: "Random numbers. They follow from the run's seed and the virtual user: `--seed` repeats them.",
        example: "\
let nights = random::int(1, 7);
let guest = random::pick([\"Ada\", \"Grace\", \"Edsger\"]);
if random::chance(0.1) { log::info(`${guest} stays for ${nights}`); }",
    },
    Room {
        key: "data",
        title: "`data`",
        purpose: "Rows of files of the project, as one value each, of the type `Data`. A file is read once per process, best at the script's top level, where every mistake in it is found before anything is sent.",
        example: "\
let guests = data::csv(\"guests.csv\");
let guest = guests.next();
log::info(`${guest.name} is one of ${guests.len}`);",
    },
    Room {
        key: "shared",
        title: "`shared`",
        purpose: "What virtual users hand to each other, on all worker threads of this machine. The same name is the same thing, in every scenario, for one run. Values are plain data: numbers, texts, lists, maps.",
        example: "\
let number = shared::counter(\"bookings\").add(1);
shared::map(\"rooms\").set(\"room-double\", #{ booked: number });
shared::queue(\"to cancel\").push(#{ id: \"r-17\" });
let next = shared::queue(\"to cancel\").pop(\"5s\");
if next != () { log::info(next.id); }",
    },
    Room {
        key: "hooks",
        title: "`hooks`",
        purpose: "Webhooks that the target sends. The run listens for them on the loopback, or where `--hooks-listen` says; [webhooks](webhooks.md) tells how.",
        example: "\
let inbox = hooks::inbox();
let room = #{ room: \"room-double\", guest: \"Ada\", callback_url: inbox.url };
http::post(`${env(\"BASE_URL\")}/api/v1/reservations`, room, #{ name: \"reserve\" });
let got = inbox.wait(\"10s\");
check(got, #{ \"confirmed\": |c| c != () && c.json(\"status\") == \"confirmed\" });",
    },
    Room {
        key: "fake",
        title: "`fake`",
        purpose: "People, places and texts that are made up. They follow from the run's seed and the virtual user, as `random` does. The locale is `en` unless you name another: `ar_SA`, `cy_GB`, `de_DE`, `fa_IR`, `fr_FR`, `it_IT`, `ja_JP`, `nl_NL`, `pt_BR`, `pt_PT`, `tr_TR`, `zh_CN`, `zh_TW`, or the language alone.",
        example: "\
let guest = fake::person(\"de\");
log::info(`${guest.name}, ${guest.email}, ${guest.address.city}`);
let account = fake::iban(\"NL\");",
    },
    Room {
        key: "crypto",
        title: "`crypto`",
        purpose: "Hashes, signatures, tokens. `form` is \"hex\" (unless you say otherwise), \"base64\", \"base64url\" or \"bytes\" for a blob.",
        example: "\
let body = json_text(#{ text: \"Hello\" });
let signature = crypto::hmac_sha256(env(\"WEBHOOK_SECRET\", \"demo-secret\"), body);
let token = crypto::jwt_sign(#{ sub: \"ada\", exp: time::unix() + 3600 }, \"secret\");",
    },
    Room {
        key: "encoding",
        title: "`encoding`",
        purpose: "Bytes and texts in the forms that travel.",
        example: "\
let basic = encoding::base64(\"qa:secret\");
let path = `/search/${encoding::url(\"sea view & balcony\")}`;",
    },
    Room {
        key: "url",
        title: "`url`",
        purpose: "URLs taken apart and put together.",
        example: "\
let next = url::join(\"https://shop.test/list?page=1\", \"?page=2\");
let page = parse_int(url::query(next, \"page\"));
let sorted = url::with_query(next, #{ sort: \"price\" });",
    },
    Room {
        key: "regex",
        title: "`regex`",
        purpose: "Patterns in texts, in [the syntax of Rust's `regex`](https://docs.rs/regex/latest/regex/#syntax): matching takes time in proportion to the text, whatever the pattern.",
        example: "\
let id = regex::captures(\"order 4711 accepted\", `order (\\d+)`)[1];",
    },
    Room {
        key: "xml",
        title: "`xml`",
        purpose: "Documents of XML as maps. A document with a DTD of its own is refused.",
        example: "\
let answer = `<Rooms><Room id=\"1\"><Rate>80</Rate></Room></Rooms>`;
let rate = parse_float(xml::parse(answer).Rooms.Room.Rate);
let ids = xml::find(answer, \"//Room/@id\");",
    },
    Room {
        key: "time",
        title: "`time`",
        purpose: "Clocks and dates, in UTC. A moment is a number: seconds since 1970.",
        example: "\
let check_in = time::date(14);
let deadline = time::iso(time::add(time::now(), \"2h\"));
let weekday = time::format(time::parse(\"2026-01-31\"), \"%A\");",
    },
    Room {
        key: "tags",
        title: "`tags`",
        purpose: "Tags on everything that the virtual user records until its iteration ends.",
        example: "tags::set(\"tariff\", \"weekend\");",
    },
    Room {
        key: "chaos",
        title: "`chaos`",
        purpose: "Faults that a journey injects, and the proxies of the run. [Faults](chaos.md) need `--allow-faults`; with `--no-faults` an injection gives a [`Fault`](#fault) that is over and does nothing.",
        example: "\
let busy = chaos::inject(\"busy\", \"5s\", |fault| fault.machine().cpu(80));
http::get(`${env(\"BASE_URL\")}/health/live`);
busy.undo();",
    },
    Room {
        key: "mock",
        title: "`mock`",
        purpose: "The server that a [test](testing.md) describes, and what it was asked. It works only under `rhaid test`, where every test has one of its own.",
        example: "\
let pay = mock::on(\"POST\", \"/payments\").json(\"amount\", 120).reply(503).then(201, #{ id: \"p-1\" });
http::post(`${mock::url()}/payments`, #{ amount: 120 });
http::post(`${mock::url()}/payments`, #{ amount: 120 });
pay.called(2);
assert_eq(pay.last().json(\"amount\"), 120);",
    },
    Room {
        key: "test",
        title: "`test`",
        purpose: "What a [test](testing.md) finds out about itself. It works only under `rhaid test`.",
        example: "\
sleep(\"5m\");
assert_eq(test::slept(), 300);",
    },
];

/// Types that only scripts have.
pub const TYPES: &[Room] = &[
    Room {
        key: "Context",
        title: "`ctx`",
        purpose: "What a scenario's function, `vu_start` and `vu_stop` are given, if they take a parameter.",
        example: "",
    },
    Room {
        key: "Response",
        title: "`Response`",
        purpose: "What a request gives back. Without a response, `status` is 0 and `error` says why.",
        example: "",
    },
    Room {
        key: "Selection",
        title: "`Selection`",
        purpose: "Elements of an HTML document, found by CSS selectors.",
        example: "\
let page = http::get(env(\"BASE_URL\"));
for link in page.html(\"a[href]\").all() { log::info(link.attr(\"href\")); }",
    },
    Room {
        key: "Data",
        title: "`Data`",
        purpose: "Rows of a file. All virtual users of the run take from the same, and the machines of a split run have different rows.",
        example: "",
    },
    Room {
        key: "Counter",
        title: "`Counter`",
        purpose: "A number that all virtual users share.",
        example: "",
    },
    Room {
        key: "SharedMap",
        title: "`SharedMap`",
        purpose: "A map that all virtual users share. Each call is whole: nobody sees half of another's.",
        example: "",
    },
    Room {
        key: "Queue",
        title: "`Queue`",
        purpose: "A queue that all virtual users share: what was put in first is taken out first, each value once.",
        example: "",
    },
    Room {
        key: "Inbox",
        title: "`Inbox`",
        purpose: "A URL of one virtual user's own, and the calls that came to it.",
        example: "",
    },
    Room {
        key: "Call",
        title: "`Call`",
        purpose: "A webhook call, read whole.",
        example: "",
    },
    Room {
        key: "Metric",
        title: "`Metric`",
        purpose: "A handle on one of the script's metrics.",
        example: "",
    },
    Room {
        key: "Fault",
        title: "`Fault`",
        purpose: "One injection of a fault: what its function is given, and what `chaos::inject` gives. What it names is broken by the methods of that, and put right when the fault is over.",
        example: "",
    },
    Room {
        key: "FaultProxy",
        title: "`FaultProxy`",
        purpose: "A proxy of the run, from `fault.proxy`: each method lays a [toxic](toxics.md) on it.",
        example: "",
    },
    Room {
        key: "FaultProcess",
        title: "`FaultProcess`",
        purpose: "Processes of this machine, from `fault.process` and `fault.processes`.",
        example: "",
    },
    Room {
        key: "FaultCommand",
        title: "`FaultCommand`",
        purpose: "A command of the run, from `fault.command`.",
        example: "",
    },
    Room {
        key: "FaultMachine",
        title: "`FaultMachine`",
        purpose: "This machine, from `fault.machine()`.",
        example: "",
    },
    Room {
        key: "FaultService",
        title: "`FaultService`",
        purpose: "A unit of systemd or a container, from `fault.unit` and `fault.container`.",
        example: "",
    },
    Room {
        key: "FaultRedis",
        title: "`FaultRedis`",
        purpose: "A Redis, from `fault.redis`.",
        example: "",
    },
    Room {
        key: "FaultPostgres",
        title: "`FaultPostgres`",
        purpose: "A PostgreSQL, from `fault.postgres`.",
        example: "",
    },
    Room {
        key: "FaultNames",
        title: "`FaultNames`",
        purpose: "What the load looks up, from `fault.dns`.",
        example: "",
    },
    Room {
        key: "FaultPods",
        title: "`FaultPods`",
        purpose: "Pods of a cluster, from `fault.pods`, in a rhaid that was built with `--features kubernetes`.",
        example: "",
    },
    Room {
        key: "FaultDeployment",
        title: "`FaultDeployment`",
        purpose: "A deployment of a cluster, from `fault.deployment`, in a rhaid that was built with `--features kubernetes`.",
        example: "",
    },
    Room {
        key: "Route",
        title: "`Route`",
        purpose: "A route of a test's mock server, from `mock::on`. What narrows it and what it answers give the route again, so that they are written one after the other.",
        example: "",
    },
    Room {
        key: "Call",
        title: "`Call`",
        purpose: "A request that came to a test's mock server.",
        example: "",
    },
];
