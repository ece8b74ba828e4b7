//! Parameters: declared once as constants, described to the operator and read by type from there.
//!
//! ```
//! use memhost_sdk::{Choice, Count, Settings};
//!
//! #[derive(Clone, Copy, PartialEq, Debug)]
//! enum Order { Newest, Oldest }
//!
//! const K: Count = Count::new("k", 4, 1, 100, "How many memories are handed out.");
//! const ORDER: Choice<Order> = Choice::new(
//!     "order",
//!     &[("newest", Order::Newest), ("oldest", Order::Oldest)],
//!     "Which of them come first.",
//! );
//!
//! let settings = Settings::default().with("k", 7.0);
//! assert_eq!(settings.get(&K)?, 7);
//! assert_eq!(settings.get(&ORDER)?, Order::Newest); // the first option is the default
//! assert!(Settings::default().with("k", 0.5).get(&K).is_err());
//! # Ok::<(), memhost_sdk::Fault>(())
//! ```

#[cfg(test)]
mod tests;

use crate::types::{Fault, NumberRange, Parameter, Range, Setting, Value};

/// A parameter whose chosen value has a type.
pub trait Typed {
    /// What the strategy gets.
    type Chosen;

    /// As in `--set plugin.name=value`.
    fn name(&self) -> &'static str;

    /// What it is unless chosen.
    fn default(&self) -> Value;

    /// What its source has, if that is not the default. While something else is chosen, every report says so.
    fn source_value(&self) -> Option<Value> {
        None
    }

    /// What it does, and its source.
    fn doc(&self) -> &'static str;

    /// What it can be; `None`: any value of its type.
    fn range(&self) -> Option<Range>;

    /// The value as the strategy's type, if it is one of those in range.
    fn read(&self, value: &Value) -> Option<Self::Chosen>;
}

/// A parameter as a list of them holds it.
pub trait Declared: Sync {
    /// The declaration as the host shows it.
    fn declare(&self) -> Parameter;

    /// Whether its setting, or else its default, can be.
    ///
    /// # Errors
    /// [`Fault::Invalid`] says what it is and what it may be.
    fn check(&self, settings: &Settings) -> Result<(), Fault>;
}

impl<T: Typed + Sync> Declared for T {
    fn declare(&self) -> Parameter {
        Parameter {
            name: self.name().to_owned(),
            default: self.default(),
            source_value: self.source_value(),
            range: self.range(),
            doc: self.doc().to_owned(),
        }
    }

    fn check(&self, settings: &Settings) -> Result<(), Fault> {
        settings.get(self).map(drop)
    }
}

/// What the operator chose.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(Vec<Setting>);

impl Settings {
    /// The value of a parameter; its default if nothing was chosen.
    ///
    /// # Errors
    /// [`Fault::Invalid`] if the value is of another type or out of range.
    pub fn get<T: Typed>(&self, parameter: &T) -> Result<T::Chosen, Fault> {
        let default = parameter.default();
        let value = self.value(parameter.name()).unwrap_or(&default);
        parameter.read(value).ok_or_else(|| {
            Fault::Invalid(format!(
                "parameter `{}` is {}, but takes {}",
                parameter.name(),
                shown(value),
                taken(parameter.range(), &default)
            ))
        })
    }

    /// The same settings with one more, or with another value of one.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.retain(|setting| setting.name != name);
        self.0.push(Setting {
            name: name.to_owned(),
            value: value.into(),
        });
        self
    }

    /// Refuses what is not declared, and what its declaration does not take.
    pub(crate) fn check(&self, declared: &[&dyn Declared]) -> Result<(), Fault> {
        let known: Vec<String> = declared.iter().map(|one| one.declare().name).collect();
        if let Some(unknown) = self.0.iter().find(|one| !known.contains(&one.name)) {
            let known = match known.is_empty() {
                true => "none".to_owned(),
                false => known.join(", "),
            };
            return Err(Fault::Invalid(format!(
                "there is no parameter `{}`; there are: {known}",
                unknown.name
            )));
        }
        declared.iter().try_for_each(|one| one.check(self))
    }

    /// Those whose name does not begin like this, and the others without it.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn split(self, prefix: &str) -> (Settings, Settings) {
        let (others, mut named): (Vec<Setting>, Vec<Setting>) = self
            .0
            .into_iter()
            .partition(|setting| !setting.name.starts_with(prefix));
        for setting in &mut named {
            setting.name.drain(..prefix.len());
        }
        (Settings(others), Settings(named))
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let setting = self.0.iter().find(|setting| setting.name == name)?;
        Some(&setting.value)
    }
}

impl From<Vec<Setting>> for Settings {
    fn from(settings: Vec<Setting>) -> Self {
        Self(settings)
    }
}

/// A whole number.
#[derive(Debug, Clone, Copy)]
pub struct Count {
    name: &'static str,
    default: u32,
    least: u32,
    most: u32,
    logarithmic: bool,
    doc: &'static str,
}

impl Count {
    /// A whole number from `least` to `most`.
    pub const fn new(
        name: &'static str,
        default: u32,
        least: u32,
        most: u32,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            default,
            least,
            most,
            logarithmic: false,
            doc,
        }
    }

    /// A search over its values should go by ratios rather than by differences: 1, 2, 4 and so on.
    ///
    /// # Panics
    /// While compiling, if the least is not above 0.
    #[must_use]
    pub const fn by_ratios(mut self) -> Self {
        assert!(self.least > 0, "ratios need a least value above 0");
        self.logarithmic = true;
        self
    }
}

impl Typed for Count {
    type Chosen = u32;

    fn name(&self) -> &'static str {
        self.name
    }

    fn default(&self) -> Value {
        Value::Number(self.default.into())
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn range(&self) -> Option<Range> {
        Some(Range::Numbers(NumberRange {
            least: self.least.into(),
            most: self.most.into(),
            whole: true,
            logarithmic: self.logarithmic,
        }))
    }

    fn read(&self, value: &Value) -> Option<u32> {
        let Value::Number(number) = value else {
            return None;
        };
        let within = (f64::from(self.least)..=f64::from(self.most)).contains(number);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number between two u32"
        )]
        (within && number.fract() == 0.0).then_some(*number as u32)
    }
}

/// A number.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    name: &'static str,
    default: f64,
    least: f64,
    most: f64,
    logarithmic: bool,
    doc: &'static str,
}

impl Number {
    /// A number from `least` to `most`.
    pub const fn new(
        name: &'static str,
        default: f64,
        least: f64,
        most: f64,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            default,
            least,
            most,
            logarithmic: false,
            doc,
        }
    }

    /// A search over its values should go by ratios rather than by differences: 1, 2, 4 and so on.
    ///
    /// # Panics
    /// While compiling, if the least is not above 0.
    #[must_use]
    pub const fn by_ratios(mut self) -> Self {
        assert!(self.least > 0.0, "ratios need a least value above 0");
        self.logarithmic = true;
        self
    }
}

impl Typed for Number {
    type Chosen = f64;

    fn name(&self) -> &'static str {
        self.name
    }

    fn default(&self) -> Value {
        Value::Number(self.default)
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn range(&self) -> Option<Range> {
        Some(Range::Numbers(NumberRange {
            least: self.least,
            most: self.most,
            whole: false,
            logarithmic: self.logarithmic,
        }))
    }

    fn read(&self, value: &Value) -> Option<f64> {
        match value {
            Value::Number(number) if (self.least..=self.most).contains(number) => Some(*number),
            _ => None,
        }
    }
}

/// Yes or no.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    name: &'static str,
    default: bool,
    doc: &'static str,
}

impl Flag {
    /// True or false.
    pub const fn new(name: &'static str, default: bool, doc: &'static str) -> Self {
        Self { name, default, doc }
    }
}

impl Typed for Flag {
    type Chosen = bool;

    fn name(&self) -> &'static str {
        self.name
    }

    fn default(&self) -> Value {
        Value::Flag(self.default)
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn range(&self) -> Option<Range> {
        None
    }

    fn read(&self, value: &Value) -> Option<bool> {
        match value {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }
}

/// Any text.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    name: &'static str,
    default: &'static str,
    doc: &'static str,
}

impl Text {
    /// A text.
    pub const fn new(name: &'static str, default: &'static str, doc: &'static str) -> Self {
        Self { name, default, doc }
    }
}

impl Typed for Text {
    type Chosen = String;

    fn name(&self) -> &'static str {
        self.name
    }

    fn default(&self) -> Value {
        Value::Text(self.default.to_owned())
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn range(&self) -> Option<Range> {
        None
    }

    fn read(&self, value: &Value) -> Option<String> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

/// One of several named options. The first is the default.
#[derive(Debug, Clone, Copy)]
pub struct Choice<T: 'static> {
    name: &'static str,
    options: &'static [(&'static str, T)],
    of_source: Option<&'static str>,
    doc: &'static str,
}

impl<T> Choice<T> {
    /// One of these options, the first unless chosen.
    ///
    /// # Panics
    /// While compiling, if there is no option.
    pub const fn new(
        name: &'static str,
        options: &'static [(&'static str, T)],
        doc: &'static str,
    ) -> Self {
        assert!(!options.is_empty(), "a choice needs an option");
        Self {
            name,
            options,
            of_source: None,
            doc,
        }
    }

    /// The option that its source has, where that is not the first.
    #[must_use]
    pub const fn but_its_source_has(mut self, option: &'static str) -> Self {
        self.of_source = Some(option);
        self
    }
}

impl<T: Copy> Typed for Choice<T> {
    type Chosen = T;

    fn name(&self) -> &'static str {
        self.name
    }

    fn default(&self) -> Value {
        let (name, _) = self.options[0];
        Value::Text(name.to_owned())
    }

    fn source_value(&self) -> Option<Value> {
        self.of_source.map(Value::from)
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn range(&self) -> Option<Range> {
        let names = self.options.iter().map(|(name, _)| (*name).to_owned());
        Some(Range::Choices(names.collect()))
    }

    fn read(&self, value: &Value) -> Option<T> {
        let Value::Text(text) = value else {
            return None;
        };
        let (_, option) = self.options.iter().find(|(name, _)| name == text)?;
        Some(*option)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// What a parameter takes, in words.
fn taken(range: Option<Range>, default: &Value) -> String {
    match (range, default) {
        (Some(Range::Numbers(range)), _) => {
            let kind = match range.whole {
                true => "a whole number",
                false => "a number",
            };
            format!("{kind} from {} to {}", range.least, range.most)
        }
        (Some(Range::Choices(choices)), _) => {
            let choices: Vec<String> = choices.iter().map(|one| format!("`{one}`")).collect();
            match choices.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                _ => choices.concat(),
            }
        }
        (None, Value::Text(_)) => "a text, which may be empty".to_owned(),
        (None, Value::Number(_)) => "a number".to_owned(),
        (None, Value::Flag(_)) => "true or false".to_owned(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("the text `{text}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::Flag(flag) => format!("{flag}"),
    }
}
