//! The work of the generator: what is asked in which domain, and who is asked.

/// Requests that take the same skill.
pub(super) struct Family {
    pub(super) domain: &'static str,
    /// How it is usually asked for. `{thing}`, `{place}` and `{number}` are filled in.
    pub(super) usual: &'static str,
    /// Other ways to ask for it.
    pub(super) reworded: [&'static str; 2],
    /// What the requests are about.
    pub(super) things: [&'static str; 4],
    /// The procedure that solves it, by names of tools.
    pub(super) way: [&'static str; 3],
}

/// Somebody who can be sent.
pub(super) struct Worker {
    pub(super) id: &'static str,
    /// The pass in which it appears first.
    pub(super) arrives: usize,
    /// How often it succeeds where it is no expert.
    pub(super) elsewhere: f64,
    /// Whether it is an expert in some families.
    pub(super) is_expert: bool,
}

/// In the order of their strength over all families.
pub(super) const WORKERS: [Worker; 6] = [
    Worker {
        id: "birch",
        arrives: 0,
        elsewhere: 0.2,
        is_expert: true,
    },
    Worker {
        id: "cedar",
        arrives: 0,
        elsewhere: 0.22,
        is_expert: true,
    },
    Worker {
        id: "maple",
        arrives: 0,
        elsewhere: 0.24,
        is_expert: true,
    },
    Worker {
        id: "rowan",
        arrives: 1,
        elsewhere: 0.26,
        is_expert: true,
    },
    Worker {
        id: "hazel",
        arrives: 0,
        elsewhere: 0.5,
        is_expert: false,
    },
    Worker {
        id: "willow",
        arrives: 2,
        elsewhere: 0.56,
        is_expert: false,
    },
];

/// What may follow a request, whatever it asks for.
pub(super) const REMARKS: [&str; 12] = [
    "We need this before the meeting on Friday.",
    "Please keep the answer short.",
    "The last report on this was hard to read.",
    "My colleague in {place} will check the result.",
    "Take the figures of the office in {place}.",
    "Say so if a number is missing.",
    "There are {number} entries in the file.",
    "Nobody has looked at it since spring.",
    "Round everything to {number} units.",
    "Do not change the original file.",
    "The team in {place} uses the metric system.",
    "Write down how you got there.",
];

pub(super) const PLACES: [&str; 10] = [
    "Ghent", "Turku", "Porto", "Leeds", "Graz", "Bergen", "Lyon", "Gdansk", "Parma", "Aarhus",
];

pub(super) const FAMILIES: [Family; 20] = [
    Family {
        domain: "geometry",
        usual: "What is the area of the {thing} with a side of {number} metres?",
        reworded: [
            "Work out how much ground the {thing} covers if it is {number} metres across.",
            "Compute the surface of the {thing}; its longest edge measures {number} metres.",
        ],
        things: [
            "hexagonal courtyard",
            "trapezoid roof",
            "circular pond",
            "triangular field",
        ],
        way: ["sketch", "measure_sides", "apply_area_formula"],
    },
    Family {
        domain: "geometry",
        usual: "How far is it from corner to corner of the {thing}, which is {number} metres long?",
        reworded: [
            "Find the diagonal of the {thing} of {number} metres.",
            "What length of rope spans the {thing} from one corner to the opposite one, at {number} metres a side?",
        ],
        things: [
            "shipping crate",
            "football pitch",
            "storage room",
            "glass cabinet",
        ],
        way: ["sketch", "find_right_triangle", "apply_pythagoras"],
    },
    Family {
        domain: "geometry",
        usual: "By which angle must the {thing} be turned to face north after {number} turns?",
        reworded: [
            "Give the rotation in degrees that brings the {thing} back after {number} steps.",
            "The {thing} moves {number} notches. At what bearing does it point?",
        ],
        things: ["radar dish", "solar panel", "camera mount", "weather vane"],
        way: ["set_origin", "add_angles", "reduce_modulo_circle"],
    },
    Family {
        domain: "geometry",
        usual: "How many litres does the {thing} hold at a depth of {number} metres?",
        reworded: [
            "Determine the volume of the {thing} that is {number} metres high.",
            "What is the capacity of the {thing}, filled up to {number} metres?",
        ],
        things: [
            "conical silo",
            "cylindrical tank",
            "swimming pool",
            "grain hopper",
        ],
        way: ["sketch", "cut_into_solids", "sum_volumes"],
    },
    Family {
        domain: "databases",
        usual: "Write a query that joins {thing} and keeps the {number} latest rows.",
        reworded: [
            "Select from {thing} together, newest {number} first.",
            "I want one SQL statement over {thing}, limited to {number} records.",
        ],
        things: [
            "orders with customers",
            "invoices with payments",
            "tickets with agents",
            "loans with members",
        ],
        way: ["read_schema", "write_join", "order_and_limit"],
    },
    Family {
        domain: "databases",
        usual: "The lookup on {thing} takes {number} seconds. Which index makes it fast?",
        reworded: [
            "Speed up the slow search over {thing}; the plan scans {number} pages.",
            "Why does filtering {thing} read {number} blocks, and how can that be avoided?",
        ],
        things: [
            "the audit log",
            "the sensor readings",
            "the session table",
            "the price history",
        ],
        way: ["explain_plan", "find_full_scan", "create_index"],
    },
    Family {
        domain: "databases",
        usual: "Move {thing} to the new schema in batches of {number} without downtime.",
        reworded: [
            "Plan the migration of {thing}, {number} rows at a time, while people keep writing.",
            "How do I rename a column of {thing} with {number} clients still connected?",
        ],
        things: [
            "the user accounts",
            "the product catalogue",
            "the booking records",
            "the address book",
        ],
        way: ["add_new_column", "copy_in_batches", "switch_readers"],
    },
    Family {
        domain: "databases",
        usual: "Find duplicate entries in {thing}; there may be {number} of them.",
        reworded: [
            "Clean {thing} of records that are there twice, about {number}.",
            "Which of the {number} rows of {thing} describe the same person?",
        ],
        things: [
            "the mailing list",
            "the patient register",
            "the supplier file",
            "the alumni directory",
        ],
        way: ["normalise_names", "group_by_key", "merge_rows"],
    },
    Family {
        domain: "travel",
        usual: "Book the cheapest train from {place} for {thing} with {number} bags.",
        reworded: [
            "Which rail connection out of {place} suits {thing}, {number} seats together?",
            "Get {thing} a ticket by rail leaving {place} after {number} o'clock.",
        ],
        things: [
            "a school class",
            "two pensioners",
            "a family with a pram",
            "a cycling club",
        ],
        way: ["search_trains", "compare_fares", "reserve_seats"],
    },
    Family {
        domain: "travel",
        usual: "What do I claim for {thing} on the flight to {place}, {number} hours late?",
        reworded: [
            "The airline to {place} owes me something for {thing} of {number} hours. How much?",
            "Write to the carrier: {thing}, {number} hours, destination {place}.",
        ],
        things: [
            "a cancelled connection",
            "a missed transfer",
            "an overbooked seat",
            "a delayed departure",
        ],
        way: ["read_regulation", "compute_compensation", "draft_letter"],
    },
    Family {
        domain: "travel",
        usual: "Which papers does {thing} need to enter from {place} for {number} weeks?",
        reworded: [
            "Is a visa necessary for {thing} staying {number} weeks, coming through {place}?",
            "Check the border rules for {thing}: {number} weeks, arrival in {place}.",
        ],
        things: [
            "a visiting researcher",
            "a seasonal worker",
            "a touring musician",
            "a dog and its owner",
        ],
        way: ["look_up_country", "check_visa_rules", "list_documents"],
    },
    Family {
        domain: "travel",
        usual: "Plan {thing} around {place} for {number} days.",
        reworded: [
            "Draw up an itinerary: {thing}, starting in {place}, {number} days.",
            "What should {thing} near {place} look like, day by day, for {number} days?",
        ],
        things: [
            "a hiking tour",
            "a museum weekend",
            "a wine trip",
            "a bird watching holiday",
        ],
        way: ["collect_sights", "cluster_by_distance", "fill_days"],
    },
    Family {
        domain: "kitchen",
        usual: "Scale the recipe for {thing} to {number} guests.",
        reworded: [
            "How much flour goes into {thing} for {number} people?",
            "I have to make {thing} {number} times as large. Adjust the amounts.",
        ],
        things: ["onion tart", "lentil stew", "rye bread", "plum cake"],
        way: ["read_recipe", "compute_ratio", "round_amounts"],
    },
    Family {
        domain: "kitchen",
        usual: "What can replace the eggs in {thing}? I need {number} of them.",
        reworded: [
            "Make {thing} without dairy for {number} guests.",
            "Someone at the table of {number} has an allergy. Which ingredient of {thing} must be swapped?",
        ],
        things: [
            "carrot muffins",
            "potato gratin",
            "mushroom risotto",
            "cheese dumplings",
        ],
        way: ["list_allergens", "find_substitute", "adjust_binding"],
    },
    Family {
        domain: "kitchen",
        usual: "How long does {thing} keep at {number} degrees?",
        reworded: [
            "Is {thing} still safe after {number} hours out of the fridge?",
            "Until when may I serve {thing}, stored at {number} degrees?",
        ],
        things: ["smoked trout", "chicken broth", "rice salad", "raw sausage"],
        way: ["classify_food", "look_up_limits", "warn_or_clear"],
    },
    Family {
        domain: "kitchen",
        usual: "In which order do I cook {thing} so that all is hot at {number} o'clock?",
        reworded: [
            "Time the dishes of {thing} with one oven and {number} pans.",
            "Schedule {thing} backwards from {number} o'clock.",
        ],
        things: [
            "a Sunday roast",
            "a tapas evening",
            "a wedding buffet",
            "a festive brunch",
        ],
        way: ["list_dishes", "sort_by_duration", "schedule_backwards"],
    },
    Family {
        domain: "bookkeeping",
        usual: "How is {thing} written off over {number} years?",
        reworded: [
            "Give the yearly depreciation of {thing}, bought for {number} thousand.",
            "What is {thing} still worth in the books after {number} years?",
        ],
        things: [
            "the delivery van",
            "the milling machine",
            "the office furniture",
            "the server rack",
        ],
        way: ["find_useful_life", "spread_cost", "post_entry"],
    },
    Family {
        domain: "bookkeeping",
        usual: "Which rate of tax applies to {thing} sold for {number} euros?",
        reworded: [
            "Split {thing} of {number} euros into net and tax.",
            "How much VAT do I owe for {thing}, {number} euros in total?",
        ],
        things: [
            "second-hand books",
            "a catering service",
            "exported machine parts",
            "a theatre ticket",
        ],
        way: ["classify_supply", "look_up_rate", "split_amount"],
    },
    Family {
        domain: "bookkeeping",
        usual: "The balance of {thing} is off by {number} euros. Find the mistake.",
        reworded: [
            "Reconcile {thing} with the bank; {number} euros are unaccounted for.",
            "Where do the missing {number} euros in {thing} come from?",
        ],
        things: [
            "the petty cash",
            "the March statement",
            "the travel account",
            "the donations ledger",
        ],
        way: [
            "match_entries",
            "list_unmatched",
            "search_transposed_digits",
        ],
    },
    Family {
        domain: "bookkeeping",
        usual: "Remind the client who has not paid for {thing} in {number} days.",
        reworded: [
            "Draft a second notice over {thing}, {number} days overdue.",
            "What interest may I charge on {thing} after {number} days without payment?",
        ],
        things: [
            "a website design",
            "a printing job",
            "a repaired boiler",
            "a translated contract",
        ],
        way: ["check_due_date", "compute_interest", "draft_letter"],
    },
];
