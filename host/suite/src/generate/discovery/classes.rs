//! What the files of the made suite are written of.

/// A way of doing something wrongly. `{a}` and `{b}` are things that the function is about, `{n}` is a number.
pub(super) struct Class {
    /// As it is reported.
    pub(super) name: &'static str,
    /// What is wrong, in other words.
    pub(super) wrong: [&'static str; 2],
    /// The same, done rightly.
    pub(super) right: &'static str,
}

/// What files are about.
pub(super) const THINGS: &[&str] = &[
    "account", "address", "alarm", "article", "badge", "basket", "budget", "cabin", "calendar",
    "carrier", "catalog", "claim", "contract", "coupon", "course", "customer", "delivery",
    "device", "discount", "driver", "event", "exam", "flight", "garage", "guest", "invoice",
    "journal", "key", "lease", "ledger", "lesson", "letter", "library", "license", "meeting",
    "meter", "order", "parcel", "patient", "payment", "permit", "photo", "pilot", "profile",
    "project", "receipt", "recipe", "refund", "rental", "report", "room", "route", "salary",
    "seat", "sensor", "shelf", "ship", "station", "student", "supplier", "survey", "ticket",
    "vehicle", "visitor",
];

/// What functions do besides.
pub(super) const ROUTINE: &[&str] = &[
    "log(\"{a} {n}\");",
    "let id = {a}.id();",
    "if {b}.is_closed() { return None; }",
    "{a}.touch(now());",
    "let owner = {b}.owner.name.to_lowercase();",
    "metrics.count(\"{b}\", 1);",
    "let mut rows = table.rows({a}, {n});",
    "{b}.notify(owner)?;",
    "assert!({a}.version >= {n});",
    "let page = render({a}, {b});",
    "for row in rows { {b}.add(row); }",
    "let size = {b}.len() + {n};",
    "match {a}.kind { Kind::New => create({b}), Kind::Old => merge({b}) }",
    "queue.push({a})?;",
];

pub(super) const CLASSES: &[Class] = &[
    Class {
        name: "off_by_one",
        wrong: [
            "for i in 0..={a}.len() { sum += {a}[i]; }",
            "let last = {a}[{a}.len()];",
        ],
        right: "for i in 0..{a}.len() { sum += {a}[i]; }",
    },
    Class {
        name: "division_by_zero",
        wrong: [
            "let mean = total / {a}.len();",
            "let share = {b}.part / {a}.count();",
        ],
        right: "let mean = if {a}.is_empty() { 0 } else { total / {a}.len() };",
    },
    Class {
        name: "leaked_handle",
        wrong: [
            "let file = open({a}.path); {b}.push(read(file));",
            "let file = open({a}.path); return parse(file);",
        ],
        right: "let file = open({a}.path); {b}.push(read(file)); close(file);",
    },
    Class {
        name: "ignored_result",
        wrong: ["let _ = send({a}, {b});", "let _ = write({a});"],
        right: "let sent = send({a}, {b})?;",
    },
    Class {
        name: "lock_across_await",
        wrong: [
            "let guard = {a}.lock(); fetch({b}).await; drop(guard);",
            "let held = {a}.lock(); {b}.save().await;",
        ],
        right: "let copy = {a}.lock().clone(); fetch({b}).await;",
    },
    Class {
        name: "endless_retry",
        wrong: [
            "loop { if connect({a}).is_ok() { break; } }",
            "while connect({a}).is_err() { continue; }",
        ],
        right: "for attempt in 0..LIMIT { if connect({a}).is_ok() { break; } }",
    },
    Class {
        name: "exact_float_comparison",
        wrong: [
            "if {a}.rate == 0.{n} { return {b}; }",
            "if {a}.rate != 1.0 { apply({a}.rate); }",
        ],
        right: "if ({a}.rate - 0.{n}).abs() < EPSILON { return {b}; }",
    },
    Class {
        name: "injected_query",
        wrong: [
            "db.query(\"SELECT * FROM {b} WHERE id = \" + {a}.id);",
            "db.query(format!(\"DELETE FROM {b} WHERE id = {}\", {a}.id));",
        ],
        right: "db.query(\"SELECT * FROM {b} WHERE id = ?\", [{a}.id]);",
    },
    Class {
        name: "secret_in_code",
        wrong: [
            "let token = \"x{n}f{n}\"; login({a}, token);",
            "login({a}, \"hunter{n}\");",
        ],
        right: "let token = env(\"TOKEN\")?; login({a}, token);",
    },
    Class {
        name: "swallowed_error",
        wrong: [
            "match parse({a}) { Ok(v) => {b}.set(v), Err(_) => {} }",
            "if let Ok(v) = parse({a}) { {b}.set(v); }",
        ],
        right: "match parse({a}) { Ok(v) => {b}.set(v), Err(e) => return Err(e) }",
    },
    Class {
        name: "needless_clone",
        wrong: [
            "print({a}.clone());",
            "let whole = {a}.clone(); print(whole);",
        ],
        right: "print(&{a});",
    },
    Class {
        name: "narrowing_cast",
        wrong: [
            "let small = {a}.size as u8;",
            "let price = {b}.cents as u16 * {n};",
        ],
        right: "let small = u8::try_from({a}.size)?;",
    },
    Class {
        name: "forgotten_case",
        wrong: [
            "match {a}.state { Open => 1, Done => 2, _ => unreachable!() }",
            "match {a}.state { Open => 1, _ => panic!() }",
        ],
        right: "match {a}.state { Open => 1, Done => 2, Lost => 3 }",
    },
    Class {
        name: "stale_cache",
        wrong: [
            "db.save({a}); return cache.get({a});",
            "db.save({b}); let seen = cache.get({b});",
        ],
        right: "db.save({a}); cache.remove({a}); return cache.get({a});",
    },
    Class {
        name: "quadratic_search",
        wrong: [
            "for x in {a} { if list.contains(x) { hits += 1; } }",
            "for x in {a} { for y in list { if x == y { hits += 1; } } }",
        ],
        right: "let known = set(list); for x in {a} { if known.contains(x) { hits += 1; } }",
    },
    Class {
        name: "first_of_nothing",
        wrong: [
            "let first = {a}.items[0]; use(first);",
            "let first = {a}.items.first().unwrap();",
        ],
        right: "let Some(first) = {a}.items.first() else { return; };",
    },
    Class {
        name: "blocking_sleep",
        wrong: [
            "thread::sleep(seconds({n})); poll({a}).await;",
            "thread::sleep(millis({n})); tick.await;",
        ],
        right: "timer::sleep(seconds({n})).await; poll({a}).await;",
    },
    Class {
        name: "shadowed_flag",
        wrong: [
            "let done = false; if {a}.ready() { let done = true; } return done;",
            "let found = false; for x in {a} { let found = true; } return found;",
        ],
        right: "let mut done = false; if {a}.ready() { done = true; } return done;",
    },
    Class {
        name: "logged_password",
        wrong: [
            "info!(\"login of {} with {}\", {a}.name, {a}.password);",
            "debug!(\"{:?}\", {a}.password);",
        ],
        right: "info!(\"login of {}\", {a}.name);",
    },
    Class {
        name: "local_time",
        wrong: [
            "let due = local_now() + days({n}); {a}.due = due;",
            "{a}.created = local_now();",
        ],
        right: "let due = utc_now() + days({n}); {a}.due = due;",
    },
    Class {
        name: "comparison_with_true",
        wrong: [
            "if {a}.is_valid() == true { accept({a}); }",
            "if {a}.is_valid() == false { reject({a}); }",
        ],
        right: "if {a}.is_valid() { accept({a}); }",
    },
    Class {
        name: "open_permissions",
        wrong: ["chmod({a}.path, 0o777);", "create({a}.path).mode(0o777);"],
        right: "chmod({a}.path, 0o640);",
    },
    Class {
        name: "missing_timeout",
        wrong: [
            "let reply = http.get({a}.url).send()?;",
            "let reply = http.post({a}.url, {b}).send()?;",
        ],
        right: "let reply = http.get({a}.url).timeout(seconds({n})).send()?;",
    },
    Class {
        name: "float_money",
        wrong: [
            "let price: f64 = {a}.price.parse()?; {b}.total += price;",
            "let tax: f64 = {a}.price * 0.{n};",
        ],
        right: "let price: Cents = {a}.price.parse()?; {b}.total += price;",
    },
    Class {
        name: "unsorted_search",
        wrong: [
            "let at = {a}.list.binary_search({b});",
            "{a}.list.push({b}); {a}.list.binary_search({n});",
        ],
        right: "{a}.list.sort(); let at = {a}.list.binary_search({b});",
    },
];
