//! What kinds of tasks there are. A memory is kept under one kind, and never shown to a task of another.

use memhost_sdk::{Choice, Fault, Settings, Task, Text};

/// The kinds of tasks, as parameter `taxonomy` writes them or, unless it does, those of the task's domain.
pub(crate) const TAXONOMY: Text = Text::new(
    "taxonomy",
    "",
    "The kinds of tasks, as `category: subcategory, subcategory; category: …`; empty: those of the domain \
     (paper: written by hand for each domain).",
);

/// Whose taxonomy is used.
pub(crate) const DOMAIN: Choice<Option<Domain>> = Choice::new(
    "domain",
    &[
        ("auto", None),
        ("math", Some(Domain::Math)),
        ("code", Some(Domain::Code)),
        ("web", Some(Domain::Web)),
        ("tools", Some(Domain::Tools)),
        ("general", Some(Domain::General)),
    ],
    "Whose kinds of tasks; `auto` goes by each task's labels, and is `general` where they say nothing.",
);

/// Labels that may name a task's domain.
const NAMING: [&str; 2] = ["domain", "source"];
/// A label that only tasks on web sites have.
const SITE: &str = "site";

/// A field of work that has a taxonomy of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    Math,
    Code,
    Web,
    Tools,
    General,
}

/// Categories, each with its subcategories. No subcategory is in two categories, so that its name alone says where a
/// task belongs.
#[derive(Debug, PartialEq)]
pub(crate) struct Taxonomy(Vec<Category>);

#[derive(Debug, PartialEq)]
struct Category {
    name: String,
    subcategories: Vec<String>,
}

/// A place in a taxonomy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) category: String,
    pub(crate) subcategory: String,
}

impl Domain {
    /// By the task's labels.
    fn of(task: &Task) -> Domain {
        let labels = || task.labels.iter();
        let named = labels()
            .filter(|label| NAMING.contains(&label.name.as_str()))
            .find_map(|label| Domain::named(&label.value));
        match named {
            Some(domain) => domain,
            None if labels().any(|label| label.name == SITE) => Domain::Web,
            None => Domain::General,
        }
    }

    /// By its own name, or by that of a well-known data set or field within it.
    fn named(name: &str) -> Option<Domain> {
        Some(match name.to_lowercase().as_str() {
            "math" | "gsm8k" => Domain::Math,
            "code" | "humaneval" | "mbpp" => Domain::Code,
            "web" | "webarena" => Domain::Web,
            "tools" | "airline" | "banking" | "retail" | "telecom" => Domain::Tools,
            "general" => Domain::General,
            _ => return None,
        })
    }

    fn taxonomy(self) -> &'static str {
        match self {
            Domain::Math => include_str!("../taxonomies/math.txt"),
            Domain::Code => include_str!("../taxonomies/code.txt"),
            Domain::Web => include_str!("../taxonomies/web.txt"),
            Domain::Tools => include_str!("../taxonomies/tools.txt"),
            Domain::General => include_str!("../taxonomies/general.txt"),
        }
    }
}

impl Taxonomy {
    /// The one that holds for a task.
    pub(crate) fn of(task: &Task, settings: &Settings) -> Result<Taxonomy, Fault> {
        if let Some(chosen) = Taxonomy::chosen(settings)? {
            return Ok(chosen);
        }
        let domain = settings.get(&DOMAIN)?.unwrap_or_else(|| Domain::of(task));
        Taxonomy::parse(domain.taxonomy())
    }

    /// The operator's own, if there is one.
    pub(crate) fn chosen(settings: &Settings) -> Result<Option<Taxonomy>, Fault> {
        let text = settings.get(&TAXONOMY)?;
        match text.trim() {
            "" => Ok(None),
            text => Taxonomy::parse(text).map(Some),
        }
    }

    /// Categories are apart by semicolons or lines.
    fn parse(text: &str) -> Result<Taxonomy, Fault> {
        let mut categories: Vec<Category> = Vec::new();
        for entry in text.split([';', '\n']).map(str::trim) {
            if entry.is_empty() {
                continue;
            }
            let Some((name, subcategories)) = entry.split_once(':') else {
                return Err(wrong(&format!(
                    "`{entry}` has no colon between a category and its subcategories"
                )));
            };
            let name = name.trim().to_owned();
            let subcategories: Vec<String> = subcategories
                .split(',')
                .map(|one| one.trim().to_owned())
                .collect();
            if name.is_empty() || subcategories.iter().any(String::is_empty) {
                return Err(wrong(&format!(
                    "`{entry}` leaves a category or a subcategory without a name"
                )));
            }
            categories.push(Category {
                name,
                subcategories,
            });
        }
        let taxonomy = Taxonomy(categories);
        taxonomy.check()?;
        Ok(taxonomy)
    }

    fn check(&self) -> Result<(), Fault> {
        let categories = self.0.iter().map(|category| category.name.as_str());
        if let Some(name) = repeated(categories) {
            return Err(wrong(&format!("there are two categories `{name}`")));
        }
        match repeated(self.subcategories()) {
            Some(name) => Err(wrong(&format!(
                "there are two subcategories `{name}`; rename one, because a subcategory alone says where a task \
                 belongs"
            ))),
            None if self.0.is_empty() => Err(wrong("there is no category")),
            None => Ok(()),
        }
    }

    /// In their order.
    pub(crate) fn subcategories(&self) -> impl Iterator<Item = &str> {
        let of_all = self.0.iter().flat_map(|category| &category.subcategories);
        of_all.map(String::as_str)
    }

    /// Where a subcategory is.
    pub(crate) fn bucket(&self, subcategory: &str) -> Option<Bucket> {
        let category = self
            .0
            .iter()
            .find(|category| category.subcategories.iter().any(|one| one == subcategory))?;
        Some(Bucket {
            category: category.name.clone(),
            subcategory: subcategory.to_owned(),
        })
    }

    /// A line per category.
    pub(crate) fn shown(&self) -> String {
        let line = |category: &Category| {
            format!("- {}: {}", category.name, category.subcategories.join(", "))
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

fn wrong(how: &str) -> Fault {
    Fault::Invalid(format!(
        "parameter `taxonomy`: {how}; it takes `category: subcategory, subcategory; category: …`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAINS: [Domain; 5] = [
        Domain::Math,
        Domain::Code,
        Domain::Web,
        Domain::Tools,
        Domain::General,
    ];

    #[test]
    fn every_domain_has_a_taxonomy_that_can_be_read() {
        for domain in DOMAINS {
            let taxonomy = Taxonomy::parse(domain.taxonomy()).unwrap();
            assert!(taxonomy.0.len() >= 4, "{domain:?}");
            assert!(taxonomy.subcategories().count() >= 12, "{domain:?}");
        }
    }

    #[test]
    fn a_subcategory_says_where_a_task_belongs() {
        let taxonomy = Taxonomy::parse(" a : x, y ;\n b: z;").unwrap();
        assert_eq!(taxonomy.shown(), "- a: x, y\n- b: z");
        let bucket = taxonomy.bucket("z").unwrap();
        assert_eq!((&*bucket.category, &*bucket.subcategory), ("b", "z"));
        assert_eq!(taxonomy.bucket("a"), None);
    }

    #[test]
    fn a_taxonomy_that_cannot_be_is_refused_with_what_is_wrong() {
        for (text, problem) in [
            ("a", "no colon"),
            ("a: x,,y", "without a name"),
            (": x", "without a name"),
            ("a:", "without a name"),
            ("a: x; a: y", "two categories `a`"),
            ("a: x; b: x", "two subcategories `x`"),
            (";", "no category"),
        ] {
            let Err(Fault::Invalid(told)) = Taxonomy::parse(text) else {
                panic!("`{text}` was accepted");
            };
            assert!(
                told.contains(problem) && told.contains("`taxonomy`"),
                "{told}"
            );
        }
    }

    #[test]
    fn labels_name_the_domain_and_a_site_means_the_web() {
        let labelled = |labels: &[(&str, &str)]| {
            let task = labels
                .iter()
                .fold(Task::new("t", "?"), |task, (name, value)| {
                    task.label(name, *value)
                });
            Domain::of(&task)
        };
        assert_eq!(labelled(&[("source", "GSM8K")]), Domain::Math);
        assert_eq!(
            labelled(&[("domain", "airline"), ("site", "x")]),
            Domain::Tools
        );
        assert_eq!(labelled(&[("site", "shopping")]), Domain::Web);
        assert_eq!(labelled(&[("topic", "math")]), Domain::General);
        assert_eq!(labelled(&[]), Domain::General);
        for (name, domain) in ["math", "code", "web", "tools", "general"]
            .into_iter()
            .zip(DOMAINS)
        {
            assert_eq!(Domain::named(name), Some(domain));
        }
    }

    #[test]
    fn the_operators_taxonomy_comes_before_the_domains() {
        let task = Task::new("t", "?").label("domain", "code");
        let of = |settings: Settings| Taxonomy::of(&task, &settings).unwrap();
        let settings = Settings::default;
        assert!(of(settings()).bucket("recursion").is_some());
        assert!(
            of(settings().with("domain", "math"))
                .bucket("primes")
                .is_some()
        );
        let own = of(settings().with("domain", "math").with("taxonomy", "a: x"));
        assert_eq!(own.subcategories().collect::<Vec<_>>(), ["x"]);
    }
}
