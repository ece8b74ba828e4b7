//! `report.html` in a real browser. Where none is installed, the test says so and is left out.
//!
//! `MEMHOST_BROWSER` names another one than the first of Chromium's usual names.

use std::process::{Command, Stdio};

use super::compare::compare;
use super::{Place, with_pets};

const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// What makes a browser work without a screen, in a container, and leave the network alone by itself.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--enable-logging=stderr",
    "--virtual-time-budget=5000",
    "--dump-dom",
];

fn browser() -> Option<String> {
    let named = std::env::var("MEMHOST_BROWSER").ok();
    let usual = BROWSERS.iter().map(|name| (*name).to_owned());
    named.into_iter().chain(usual).find(|name| {
        let mut version = Command::new(name);
        version
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    })
}

/// A page after its scripts have run, and what the browser said of it on the console.
struct Shown {
    dom: String,
    console: Vec<String>,
}

/// What people prefer to look at, as Chromium numbers it.
#[derive(Clone, Copy)]
enum Scheme {
    Dark = 0,
    Light = 1,
}

fn show(browser: &str, place: &Place, page: &str, width: u32, scheme: Scheme) -> Shown {
    let output = Command::new(browser)
        .args(FLAGS)
        .arg(format!("--window-size={width},900"))
        .arg(format!(
            "--blink-settings=preferredColorScheme={}",
            scheme as u8
        ))
        .arg(format!(
            "--user-data-dir={}",
            place.path("browser").display()
        ))
        .arg(format!("file://{}", place.path(page).display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    Shown {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: said
            .lines()
            .filter(|line| line.contains(":CONSOLE"))
            .map(str::to_owned)
            .collect(),
    }
}

/// The page with something more at its end; the scripts in it name `</body>` too.
fn with(page: &str, addition: &str) -> String {
    let (before, after) = page.rsplit_once("</body>").unwrap();
    format!("{before}{addition}</body>{after}")
}

/// A page whose security policy refuses a request, or whose scripts fail, says so on the console.
#[test]
fn the_page_draws_every_plot_without_an_error_or_a_request() {
    let Some(browser) = browser() else {
        eprintln!(
            "left out: no Chromium; install it (Debian: apt-get install chromium), or name one in MEMHOST_BROWSER"
        );
        return;
    };
    let place = with_pets();
    compare(&place, &["--output", "out", "--seeds", "2"]).succeeds();
    let looks = [1440, 390].map(|width| [(width, Scheme::Light), (width, Scheme::Dark)]);
    for (width, scheme) in looks.concat() {
        let Shown { dom, console } = show(&browser, &place, "out/report.html", width, scheme);
        assert_eq!(console, Vec::<String>::new());
        let plots = dom.matches("data-plot=\"").count();
        assert!(plots >= 5, "{plots} plots");
        let panels = dom.matches("class=\"panel\"").count();
        // The learning curves are one plot with a panel for each plugin.
        let charts = plots - 1 + panels;
        assert!(
            dom.contains(&format!("data-plots=\"{charts}\"")),
            "{charts} charts"
        );
        assert_eq!(dom.matches("_echarts_instance_=\"").count(), charts);
    }
}

#[test]
fn the_page_is_dark_where_dark_is_preferred_and_its_plots_too() {
    let Some(browser) = browser() else {
        return;
    };
    let place = with_pets();
    compare(&place, &["--output", "out"]).succeeds();
    let page = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    let says = "<script>{
        const look = document.body.dataset;
        look.seenPage = getComputedStyle(document.body).backgroundColor;
        look.seenInk = getComputedStyle(document.body).color;
        look.seenPlot = getComputedStyle(document.querySelector('.plot svg text')).fill;
    }</script>";
    place.write("look.html", with(&page, says));
    let look = |scheme| {
        let Shown { dom, console } = show(&browser, &place, "look.html", 1440, scheme);
        assert_eq!(console, Vec::<String>::new());
        ["page", "ink", "plot"].map(|what| {
            let (_, rest) = dom.split_once(&format!(" data-seen-{what}=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        })
    };
    let (light, dark) = (look(Scheme::Light), look(Scheme::Dark));
    for ((light, dark), what) in light.iter().zip(&dark).zip(["page", "ink", "plot"]) {
        assert!(light.starts_with("rgb("), "{what}: {light}");
        assert!(dark.starts_with("rgb("), "{what}: {dark}");
        assert_ne!(light, dark, "{what}");
    }
}

/// The test above would notice: a broken script and a forbidden request both reach the console.
#[test]
fn an_error_and_a_request_would_be_seen() {
    let Some(browser) = browser() else {
        return;
    };
    let place = with_pets();
    compare(&place, &["--output", "out"]).succeeds();
    let page = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    let breaks = [
        ("fetch", "<script>fetch('http://127.0.0.1:9/')</script>"),
        ("image", "<img src=\"http://127.0.0.1:9/x.png\">"),
        ("error", "<script>nothing.there()</script>"),
    ];
    for (name, addition) in breaks {
        let file = format!("{name}.html");
        place.write(&file, with(&page, addition));
        let shown = show(&browser, &place, &file, 1440, Scheme::Light);
        assert!(!shown.console.is_empty(), "{name} went unnoticed");
    }
}
