//! The sites of the generator: what can be done on them, and with what words.

/// A site with what it holds.
pub(in super::super) struct Site {
    pub(super) name: &'static str,
    pub(super) objects: &'static [Object],
    /// What requests are about; shared by all families of the site.
    pub(super) things: &'static [&'static str],
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
        usual: "How many {object} does {item} have in {period}? Give the total count.",
        reworded: "Give me the number of {object} that belong to {item}, for {period}.",
        way: &["filter", "count"],
    },
    Verb {
        usual: "Show me the latest {object} that {person} wrote about {item}.",
        reworded: "Open the newest of the {object} that {person} made on {item}.",
        way: &["sort", "open"],
    },
    Verb {
        usual: "Permanently delete the {object} that {person} created in {period}.",
        reworded: "Remove every one of the {object} that {person} left in {period}.",
        way: &["filter", "select", "remove"],
    },
    Verb {
        usual: "Export a table with the {object} of {item} and download it.",
        reworded: "I need a spreadsheet with the {object} for {item}.",
        way: &["filter", "export"],
    },
    Verb {
        usual: "Change the title of the pinned {object} on {item} to \"{person}\".",
        reworded: "Rename the {object} on top of {item}: they shall be called \"{person}\".",
        way: &["open", "edit", "save"],
    },
    Verb {
        usual: "Compare the average number of {object} for {item} between {period} and the year before.",
        reworded: "What is the difference in {object} of {item}, {period} against the previous twelve months?",
        way: &["filter", "report"],
    },
    Verb {
        usual: "Print the address label that goes with the {object} for {person}.",
        reworded: "{person} wants a sticker for the {object}.",
        way: &["open", "print"],
    },
    Verb {
        usual: "Assign every unanswered entry among the {object} of {item} to {person}.",
        reworded: "Make {person} responsible for open {object} of {item}.",
        way: &["filter", "select", "assign"],
    },
    Verb {
        usual: "Who contributed most of the {object} about {item} in {period}? List the top authors.",
        reworded: "Name whoever made the greatest part of the {object} on {item}, {period}.",
        way: &["filter", "group"],
    },
    Verb {
        usual: "Send {person} a private message with a link to the {object} of {item}.",
        reworded: "Let {person} know where the {object} of {item} are.",
        way: &["open", "compose", "send"],
    },
    Verb {
        usual: "Subscribe to notifications whenever new {object} appear for {item}.",
        reworded: "Keep me informed of any {object} on {item}.",
        way: &["open", "subscribe"],
    },
    Verb {
        usual: "Approve the pending {object} submitted by {person} in {period}.",
        reworded: "Accept what {person} has waiting among the {object} of {period}.",
        way: &["filter", "open", "approve"],
    },
];

pub(in super::super) const SITES: &[Site] = &[
    Site {
        name: "shop",
        objects: &[
            Object {
                usual: "reviews",
                reworded: "ratings",
                way: &["catalogue", "reviews"],
            },
            Object {
                usual: "orders",
                reworded: "purchases",
                way: &["sales", "orders"],
            },
            Object {
                usual: "refunds",
                reworded: "returned payments",
                way: &["sales", "refunds"],
            },
            Object {
                usual: "invoices",
                reworded: "bills",
                way: &["sales", "invoices"],
            },
            Object {
                usual: "discount codes",
                reworded: "vouchers",
                way: &["marketing", "codes"],
            },
            Object {
                usual: "shipments",
                reworded: "deliveries",
                way: &["sales", "shipments"],
            },
            Object {
                usual: "newsletters",
                reworded: "mailings",
                way: &["marketing", "newsletters"],
            },
            Object {
                usual: "wish lists",
                reworded: "saved carts",
                way: &["customers", "wishes"],
            },
        ],
        things: &["jacket", "lamp", "backpack"],
    },
    Site {
        name: "forum",
        objects: &[
            Object {
                usual: "comments",
                reworded: "replies",
                way: &["threads", "comments"],
            },
            Object {
                usual: "posts",
                reworded: "submissions",
                way: &["threads"],
            },
            Object {
                usual: "polls",
                reworded: "votes",
                way: &["threads", "polls"],
            },
            Object {
                usual: "reports",
                reworded: "complaints",
                way: &["moderation", "reports"],
            },
            Object {
                usual: "bans",
                reworded: "blocked accounts",
                way: &["moderation", "bans"],
            },
            Object {
                usual: "pictures",
                reworded: "images",
                way: &["gallery"],
            },
            Object {
                usual: "private messages",
                reworded: "letters",
                way: &["inbox"],
            },
            Object {
                usual: "badges",
                reworded: "awards",
                way: &["profiles", "badges"],
            },
        ],
        things: &["gardening board", "film board", "cooking board"],
    },
    Site {
        name: "code",
        objects: &[
            Object {
                usual: "issues",
                reworded: "bug reports",
                way: &["project", "issues"],
            },
            Object {
                usual: "merge requests",
                reworded: "proposed changes",
                way: &["project", "merges"],
            },
            Object {
                usual: "commits",
                reworded: "revisions",
                way: &["project", "history"],
            },
            Object {
                usual: "releases",
                reworded: "published versions",
                way: &["project", "releases"],
            },
            Object {
                usual: "branches",
                reworded: "lines of development",
                way: &["project", "branches"],
            },
            Object {
                usual: "milestones",
                reworded: "goals",
                way: &["project", "milestones"],
            },
            Object {
                usual: "access tokens",
                reworded: "credentials",
                way: &["settings", "tokens"],
            },
            Object {
                usual: "pipelines",
                reworded: "build runs",
                way: &["project", "pipelines"],
            },
        ],
        things: &["website", "parser", "scheduler"],
    },
];

/// Names are made from these, so that hardly two are alike.
pub(super) const SYLLABLES: &[&str] = &[
    "ba", "cor", "den", "el", "fa", "gri", "hul", "is", "jo", "ka", "lim", "mo", "nar", "ol", "pe",
    "qui", "ras", "su", "tan", "ur", "vel", "wy", "xan", "zo",
];

/// Times that many requests share.
pub(super) const PERIODS: &[&str] = &[
    "this year",
    "last year",
    "the last month",
    "the first quarter",
];
