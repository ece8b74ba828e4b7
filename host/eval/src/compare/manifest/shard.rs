//! A part of a comparison's cells, by their numbers alone: every machine that knows the design knows its part.

use std::fmt;
use std::str::FromStr;

/// Every `of`-th cell, from the `number`-th on, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// All cells.
    pub const WHOLE: Shard = Shard { number: 1, of: 1 };

    /// The shard that a cell belongs to, where there are this many.
    pub fn of_cell(cell: usize, of: usize) -> Shard {
        let of = of.max(1);
        Shard {
            number: cell % of + 1,
            of,
        }
    }

    /// How many shards there are.
    pub fn count(self) -> usize {
        self.of
    }

    /// Whether the cell at this place of [`Design::cells`](crate::compare::Design::cells) belongs to it.
    pub fn holds(self, cell: usize) -> bool {
        Shard::of_cell(cell, self.of) == self
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Shard, Self::Err> {
        const WRONG: &str = "write it as i/n with i from 1 to n, as in 2/8";
        let (number, of) = text.split_once('/').ok_or(WRONG)?;
        let (number, of) = (number.parse().ok(), of.parse().ok());
        let (number, of): (usize, usize) = number.zip(of).ok_or(WRONG)?;
        if (1..=of).contains(&number) {
            Ok(Shard { number, of })
        } else {
            Err(WRONG)
        }
    }
}

impl serde::Serialize for Shard {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Shard {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_belongs_to_one_shard() {
        for of in 1..=7 {
            let shards: Vec<Shard> = (1..=of)
                .map(|number| format!("{number}/{of}").parse().unwrap())
                .collect();
            for cell in 0..50 {
                let holding = shards.iter().filter(|shard| shard.holds(cell));
                assert_eq!(holding.collect::<Vec<_>>(), [&Shard::of_cell(cell, of)]);
            }
        }
        assert!((0..9).all(|cell| Shard::WHOLE.holds(cell)));
    }

    #[test]
    fn what_is_no_part_of_a_whole_is_refused() {
        for wrong in ["", "1", "0/3", "4/3", "1/0", "a/b", "-1/3", "1/3/5"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!("2/3".parse::<Shard>().unwrap().to_string(), "2/3");
    }
}
