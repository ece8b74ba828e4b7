//! The sites of the generator: what can be done on them, and with what words.

/// A site with what it holds.
pub(super) struct Site {
    pub(super) name: &'static str,
    pub(super) objects: &'static [Object],
    /// What requests are about; shared by all families of the site.
    pub(super) items: &'static [&'static str],
}

/// What a request is about, and the way to it.
pub(super) struct Object {
    pub(super) usual: &'static str,
    pub(super) reworded: &'static str,
    pub(super) way: &'static [&'static str],
}

/// What a request wants done.
pub(super) struct Verb {
    pub(super) usual: &'static str,
    pub(super) reworded: &'static str,
    pub(super) way: &'static [&'static str],
}

pub(super) const VERBS: &[Verb] = &[
    Verb {
        usual: "How many {object} does {item} have in {period}?",
        reworded: "Give me the number of {object} that belong to {item}, for {period}.",
        way: &["filter", "count"],
    },
    Verb {
        usual: "Show me the latest {object} by {person} about {item}.",
        reworded: "Open the newest of the {object} that {person} made on {item}.",
        way: &["sort", "open"],
    },
    Verb {
        usual: "Delete all {object} of {person} from {period}.",
        reworded: "Remove every one of the {object} that {person} left in {period}.",
        way: &["filter", "select", "remove"],
    },
    Verb {
        usual: "Export the {object} of {period} for {item} as a table.",
        reworded: "I need a spreadsheet with the {object} for {item}, {period}.",
        way: &["filter", "export"],
    },
    Verb {
        usual: "Change the title of the {object} on {item} to \"{person}\".",
        reworded: "Rename the {object} that concern {item}: they shall be called \"{person}\".",
        way: &["open", "edit", "save"],
    },
    Verb {
        usual: "Compare the {object} of {item} between {period} and the year before.",
        reworded: "What is the difference in {object} of {item}, {period} against the previous year?",
        way: &["filter", "report"],
    },
    Verb {
        usual: "Send {person} a message about the {object} of {item}.",
        reworded: "Let {person} know about the {object} of {item}.",
        way: &["open", "compose", "send"],
    },
];

pub(super) const SITES: &[Site] = &[
    Site {
        name: "shop",
        objects: &[
            Object { usual: "reviews", reworded: "ratings", way: &["catalogue", "reviews"] },
            Object { usual: "orders", reworded: "purchases", way: &["sales", "orders"] },
            Object { usual: "refunds", reworded: "returned payments", way: &["sales", "refunds"] },
            Object { usual: "invoices", reworded: "bills", way: &["sales", "invoices"] },
            Object { usual: "discount codes", reworded: "vouchers", way: &["marketing", "codes"] },
            Object { usual: "shipments", reworded: "deliveries", way: &["sales", "shipments"] },
        ],
        items: &[
            "the Quest band", "the Sprite yoga strap", "the Olivia jacket", "the Antonia tank", "the Helio lamp",
            "the Zing rope", "the Nadia shorts", "the Chaz hoodie",
        ],
    },
    Site {
        name: "forum",
        objects: &[
            Object { usual: "comments", reworded: "replies", way: &["threads", "comments"] },
            Object { usual: "posts", reworded: "submissions", way: &["threads"] },
            Object { usual: "polls", reworded: "votes", way: &["threads", "polls"] },
            Object { usual: "reports", reworded: "complaints", way: &["moderation", "reports"] },
            Object { usual: "bans", reworded: "blocked accounts", way: &["moderation", "bans"] },
            Object { usual: "pictures", reworded: "images", way: &["gallery"] },
        ],
        items: &[
            "gardening", "the space board", "old films", "home brewing", "the Boston board", "wooden boats",
            "machine learning", "running shoes",
        ],
    },
    Site {
        name: "code",
        objects: &[
            Object { usual: "issues", reworded: "bug reports", way: &["project", "issues"] },
            Object { usual: "merge requests", reworded: "proposed changes", way: &["project", "merges"] },
            Object { usual: "commits", reworded: "revisions", way: &["project", "history"] },
            Object { usual: "releases", reworded: "published versions", way: &["project", "releases"] },
            Object { usual: "branches", reworded: "lines of development", way: &["project", "branches"] },
            Object { usual: "milestones", reworded: "goals", way: &["project", "milestones"] },
        ],
        items: &[
            "the compiler", "the website", "the billing service", "the mobile app", "the parser library",
            "the test harness", "the dotfiles", "the design system",
        ],
    },
];

pub(super) const PEOPLE: &[&str] = &[
    "Abbie", "Byron", "Cyrus", "Dora", "Emil", "Fiona", "Gustav", "Hana", "Ivan", "Judith",
];

pub(super) const PERIODS: &[&str] = &[
    "January", "February", "March 2022", "the first quarter", "May", "June 2023", "last week", "the summer",
    "October", "the fourth quarter",
];
