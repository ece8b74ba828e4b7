//! What the people of the generator talk about: `{s}` is a subject, `{v}` a value.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::one_of;

/// Something in a person's life.
pub(in super::super) struct Subject {
    pub(super) name: &'static str,
    pub(super) other_name: &'static str,
    /// What small talk around it is about.
    pub(in super::super) themes: &'static [&'static str],
    pub(super) facts: &'static [Fact],
}

/// Something that can be true of a subject, and be asked for.
pub(super) struct Fact {
    pub(super) statements: &'static [&'static str],
    /// Questions in the words of the statements.
    pub(super) close_questions: &'static [&'static str],
    /// Questions in other words.
    pub(super) distant_questions: &'static [&'static str],
    values: Values,
}

enum Values {
    Numbers { from: u32, to: u32 },
    Words(&'static [&'static str]),
}

impl Fact {
    pub(super) fn value(&self, bits: &mut ChaCha8Rng) -> String {
        match self.values {
            Values::Numbers { from, to } => bits.random_range(from..=to).to_string(),
            Values::Words(words) => one_of(bits, words).to_owned(),
        }
    }

    pub(super) fn other_value(&self, than: &str, bits: &mut ChaCha8Rng) -> String {
        loop {
            let value = self.value(bits);
            if value != than {
                return value;
            }
        }
    }
}

const fn thing(
    name: &'static str,
    other_name: &'static str,
    themes: &'static [&'static str],
) -> Subject {
    Subject {
        name,
        other_name,
        themes,
        facts: OF_THINGS,
    }
}

const fn pastime(
    name: &'static str,
    other_name: &'static str,
    themes: &'static [&'static str],
) -> Subject {
    Subject {
        name,
        other_name,
        themes,
        facts: OF_PASTIMES,
    }
}

pub(in super::super) const THINGS: &[Subject] = &[
    thing(
        "espresso machine",
        "coffee maker",
        &["beans", "milk foam", "breakfast"],
    ),
    thing("bicycle", "bike", &["tyres", "hills", "traffic"]),
    thing(
        "telescope",
        "stargazing scope",
        &["planets", "clear nights", "galaxies"],
    ),
    thing(
        "piano",
        "keyboard instrument",
        &["scales", "sheet music", "tuning"],
    ),
    thing(
        "sewing machine",
        "stitching machine",
        &["fabric", "curtains", "thread"],
    ),
    thing(
        "greenhouse",
        "glasshouse",
        &["tomatoes", "seedlings", "humidity"],
    ),
    thing("sofa", "couch", &["cushions", "naps", "upholstery"]),
    thing(
        "camera",
        "photo equipment",
        &["lenses", "portraits", "light"],
    ),
    thing(
        "laptop",
        "notebook computer",
        &["battery life", "software", "spreadsheets"],
    ),
    thing(
        "drone",
        "quadcopter",
        &["wind", "propellers", "aerial footage"],
    ),
    thing("bookcase", "bookshelf", &["novels", "oak boards", "dust"]),
    thing("kayak", "paddling boat", &["rivers", "paddles", "rapids"]),
    thing(
        "record player",
        "turntable",
        &["vinyl", "jazz albums", "speakers"],
    ),
    thing(
        "tent",
        "camping shelter",
        &["rain", "campfires", "mosquitoes"],
    ),
    thing(
        "wristwatch",
        "timepiece",
        &["leather straps", "punctuality", "springs"],
    ),
    thing("lawnmower", "grass cutter", &["hedges", "weeds", "petrol"]),
];

pub(in super::super) const PASTIMES: &[Subject] = &[
    pastime(
        "choir",
        "singing group",
        &["harmonies", "concerts", "sopranos"],
    ),
    pastime(
        "pottery course",
        "ceramics class",
        &["clay", "glazes", "kilns"],
    ),
    pastime(
        "chess club",
        "board game circle",
        &["openings", "endgames", "tournaments"],
    ),
    pastime(
        "running group",
        "jogging team",
        &["marathons", "blisters", "pace"],
    ),
    pastime(
        "book circle",
        "reading group",
        &["authors", "plots", "chapters"],
    ),
    pastime(
        "yoga lessons",
        "stretching sessions",
        &["breathing", "balance", "mats"],
    ),
    pastime(
        "salsa evenings",
        "dance nights",
        &["rhythm", "shoes", "partners"],
    ),
    pastime("beekeeping", "the hives", &["honey", "swarms", "queens"]),
    pastime("climbing", "bouldering", &["ropes", "grip", "ledges"]),
    pastime(
        "Italian lessons",
        "language classes",
        &["verbs", "pronunciation", "vocabulary"],
    ),
    pastime(
        "food bank shifts",
        "volunteering",
        &["donations", "queues", "tins"],
    ),
    pastime("fencing", "sword fighting", &["foils", "masks", "footwork"]),
    pastime(
        "swimming",
        "training at the pool",
        &["laps", "goggles", "chlorine"],
    ),
    pastime(
        "astronomy society",
        "stargazers' association",
        &["eclipses", "comets", "lectures"],
    ),
    pastime(
        "quiz nights",
        "trivia evenings",
        &["capitals", "history", "scores"],
    ),
    pastime(
        "birdwatching",
        "ornithology walks",
        &["owls", "binoculars", "migration"],
    ),
];

const OF_THINGS: &[Fact] = &[
    Fact {
        statements: &[
            "The price of the {s} was {v} euros, all in.",
            "In the end the price of the {s} came to {v} euros.",
            "I paid {v} euros, which is a fair price.",
        ],
        close_questions: &[
            "What was the price of the {s} in euros?",
            "How many euros did I pay for the {s}, what was the price?",
        ],
        distant_questions: &[
            "What did the {s} set me back?",
            "How expensive was the {s}?",
        ],
        values: Values::Numbers { from: 40, to: 140 },
    },
    Fact {
        statements: &[
            "The colour I chose for the {s} is {v}.",
            "I picked the {s} in {v} because that colour suits the room.",
            "It had to be {v}, no other colour would do.",
        ],
        close_questions: &[
            "Which colour did I choose for the {s}?",
            "What colour is the {s}?",
        ],
        distant_questions: &["What shade is the {s}?", "How did I have the {s} painted?"],
        values: Values::Words(COLOURS),
    },
    Fact {
        statements: &[
            "I keep the {s} in {v}, at my parents' place.",
            "Most of the year I keep the {s} stored in {v}.",
            "Since there is no room at home, I keep it in {v}.",
        ],
        close_questions: &[
            "In which place do I keep the {s}?",
            "Where do I keep the {s} stored?",
        ],
        distant_questions: &[
            "Where would I have to travel to pick up the {s}?",
            "What is the location of the {s}?",
        ],
        values: Values::Words(TOWNS),
    },
    Fact {
        statements: &[
            "It was {v} who recommended the {s} to me.",
            "{v} recommended the {s} to me, of all people.",
            "I bought it because {v} recommended it.",
        ],
        close_questions: &[
            "Who recommended the {s} to me?",
            "Which friend recommended the {s}?",
        ],
        distant_questions: &[
            "Whose suggestion was the {s}?",
            "Who gave me the idea to get the {s}?",
        ],
        values: Values::Words(NAMES),
    },
    Fact {
        statements: &[
            "I have owned the {s} since the year {v}.",
            "The {s} was built in the year {v}, so it is not exactly new.",
            "The year on its label is {v}.",
        ],
        close_questions: &[
            "From which year is the {s}?",
            "In what year was the {s} built?",
        ],
        distant_questions: &[
            "How old is the {s}, when was it made?",
            "When did the {s} leave the factory?",
        ],
        values: Values::Numbers {
            from: 1971,
            to: 2023,
        },
    },
];

const OF_PASTIMES: &[Fact] = &[
    Fact {
        statements: &[
            "We meet for {s} every {v}, without exception.",
            "The weekday on which we meet for {s} is {v}.",
            "Every {v} evening we meet for it.",
        ],
        close_questions: &[
            "On which weekday do we meet for {s}?",
            "What evening of the week do we meet for {s}?",
        ],
        distant_questions: &[
            "When in the week am I busy with {s}?",
            "What should be kept free in my calendar because of {s}?",
        ],
        values: Values::Words(DAYS),
    },
    Fact {
        statements: &[
            "There are {v} members at {s} now.",
            "With {v} members {s} has become rather crowded.",
            "We counted {v} members last time.",
        ],
        close_questions: &[
            "How many members are there at {s}?",
            "How many members did we count at {s}?",
        ],
        distant_questions: &[
            "What is the size of the crowd at {s}?",
            "How large is the company at {s}?",
        ],
        values: Values::Numbers { from: 5, to: 45 },
    },
    Fact {
        statements: &[
            "Our teacher at {s} is {v}.",
            "The teacher of {s} is called {v}, and has endless patience.",
            "We have a new teacher, {v}.",
        ],
        close_questions: &[
            "Who is our teacher at {s}?",
            "What is the teacher of {s} called?",
        ],
        distant_questions: &[
            "Who is in charge of {s}?",
            "Who shows us how it is done at {s}?",
        ],
        values: Values::Words(NAMES),
    },
    Fact {
        statements: &[
            "We found a hall for {s} in {v}.",
            "The hall for {s} is in {v}, half an hour by train.",
            "For now we use a hall in {v}.",
        ],
        close_questions: &[
            "In which town is the hall for {s}?",
            "Where is the hall that we use for {s}?",
        ],
        distant_questions: &[
            "What is the venue of {s}?",
            "Where would you find me during {s}?",
        ],
        values: Values::Words(TOWNS),
    },
    Fact {
        statements: &[
            "For {s} I joined back in {v}.",
            "I joined in {v}, and I was terrible at {s}.",
            "It was in {v} that I joined.",
        ],
        close_questions: &[
            "When did I join, for {s}? I mean the year in which I joined.",
            "In which year was it that I joined, for {s}?",
        ],
        distant_questions: &[
            "For how long have I been doing {s}?",
            "When did {s} become part of my life?",
        ],
        values: Values::Numbers {
            from: 1991,
            to: 2023,
        },
    },
];

pub(super) const NAMES: &[&str] = &[
    "Amira", "Boris", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas",
    "Keiko", "Luca", "Mirjam", "Nadia", "Oskar", "Priya",
];

const TOWNS: &[&str] = &[
    "Aarhus", "Bergen", "Coimbra", "Delft", "Evora", "Fulda", "Ghent", "Hasselt", "Ivrea", "Jena",
    "Kiruna", "Leiden", "Malmo", "Namur", "Odense", "Parma",
];

const COLOURS: &[&str] = &[
    "green",
    "blue",
    "red",
    "black",
    "white",
    "yellow",
    "orange",
    "grey",
    "turquoise",
    "silver",
];

const DAYS: &[&str] = &[
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

pub(in super::super) const TOPICS: &[&str] = &[
    "Catching up after the holidays",
    "A quiet evening",
    "Plans for the summer",
    "Waiting for the train",
    "A long phone call",
    "Sunday brunch",
    "Before the big move",
    "An answer to your letter",
];

pub(in super::super) const OPENINGS: &[&str] = &[
    "Let me tell you a little about the {s}.",
    "You asked about the {s} the other day.",
    "It is about time that I wrote something about the {s}.",
    "The {s} keeps me on my toes at the moment.",
    "I have been thinking about the {s} a lot.",
    "A word about the {s}, before I forget.",
];

pub(in super::super) const MENTIONS: &[&str] = &[
    "The {s} is another story, and a long one.",
    "Compared with the {s}, this is easy.",
    "I should do something about the {s} too, one day.",
    "As with the {s}, one thing leads to another.",
    "It distracts me from the {s}, I admit.",
];

/// Small talk around a theme, `{s}`.
pub(in super::super) const FILLERS: &[&str] = &[
    "Some days it is all about {s}, and I would not want it any other way.",
    "My neighbours have started to ask me questions about {s}, which is flattering and a bit strange.",
    "I never thought that {s} would take up so much of my attention.",
    "There is a lot to be said about {s}, and I usually say all of it.",
    "Last week I spent a whole afternoon reading up on {s}.",
    "People underestimate what {s} can do for your mood.",
    "I made a few mistakes with {s} at first, as everybody does.",
    "When work gets too much, I think of {s} and take a deep breath.",
    "My sister says that I talk of nothing but {s} these days.",
    "Honestly, {s} can be exhausting when you have slept badly.",
    "It was raining the whole morning, so I had time to think.",
    "The kids were with their grandparents, and the house was very quiet.",
    "I made myself a big pot of tea and sat down by the window.",
    "You know how I am, I always need some time to get used to new things.",
    "The week went by so fast that I hardly noticed.",
    "I had a long talk with a colleague about work and about getting older.",
    "We should really see each other again before the winter comes.",
    "Money is a bit tight at the moment, but we manage.",
    "On the way home I ran into an old friend from school and we laughed a lot.",
    "The doctor says that I should worry less and move more.",
    "I wrote everything down in my diary, so that I do not forget it.",
    "There was a power cut in the evening and we had to light candles.",
    "The trains were late again, which surprised nobody.",
    "I am trying to cook more at home instead of ordering something.",
    "My phone broke in the middle of it, of course.",
    "It is funny how a small thing can change the course of a day.",
    "At the end of the month I will know more, and I will tell you then.",
    "I do not want to bore you with the details, but it matters to me.",
];
