//! Reads a condition from its text. 且 binds closer than 或; the two stand together only with brackets or in that order.
//!
//! A name is a run of letters, ideographs, digits and `_` that begins with no digit, so 且, 或, 非 stand between blanks
//! or brackets. A text stands in 「」. `!=`, `<=`, `>=` are read as ≠, ≤, ≥, and full-width brackets as brackets.

use serde::{Deserialize, Deserializer};

use crate::catalog::items::{Attribute, CaseName, Condition, FactValue, Operator};
use crate::rule::Rule;

/// Most characters of a condition.
const MOST: usize = 1_000;
/// Deepest nesting of brackets and 非.
const DEEPEST: usize = 16;

/// Why a text is no condition: the place in characters, from 1, and what was looked for there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {at} of the condition: {wanted}")]
pub struct ConditionFault {
    /// The place.
    pub at: usize,
    /// What was looked for.
    pub wanted: &'static str,
}

impl ConditionFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        Rule::ItemCondition
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    By(Operator),
    Open,
    Close,
    Comma,
    Dot,
}

/// The tokens, each with its place.
fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ConditionFault> {
    let chars: Vec<char> = text.chars().take(MOST + 1).collect();
    if chars.len() > MOST {
        return Err(ConditionFault { at: MOST, wanted: "a condition has at most 1000 characters" });
    }
    let mut found = Vec::new();
    let mut rest = chars.as_slice();
    while let [first, behind @ ..] = rest {
        let at = chars.len() - rest.len() + 1;
        let (token, used) = match (first, behind.first()) {
            (' ', _) => {
                rest = behind;
                continue;
            }
            ('(' | '\u{ff08}', _) => (Token::Open, 1),
            (')' | '\u{ff09}', _) => (Token::Close, 1),
            (',' | '\u{ff0c}' | '、', _) => (Token::Comma, 1),
            ('.', _) => (Token::Dot, 1),
            ('!' | '<' | '>', Some('=')) => (Token::By(or_equal(*first)), 2),
            ('=', _) => (Token::By(Operator::Is), 1),
            ('≠', _) => (Token::By(Operator::IsNot), 1),
            ('<', _) => (Token::By(Operator::Below), 1),
            ('≤', _) => (Token::By(Operator::AtMost), 1),
            ('>', _) => (Token::By(Operator::Above), 1),
            ('≥', _) => (Token::By(Operator::AtLeast), 1),
            ('「', _) => {
                let text: String = behind.iter().take_while(|c| **c != '」').collect();
                let length = text.chars().count();
                if length == behind.len() {
                    return Err(ConditionFault { at, wanted: "the end of this text, 」" });
                }
                (Token::Text(text), length + 2)
            }
            (c, next) if c.is_ascii_digit() || *c == '-' && next.is_some_and(char::is_ascii_digit) => {
                let tail: String = behind.iter().take_while(|c| c.is_ascii_digit()).collect();
                let number = format!("{c}{tail}").parse();
                let Ok(number) = number else {
                    return Err(ConditionFault { at, wanted: "a number that fits" });
                };
                (Token::Number(number), tail.len() + 1)
            }
            (c, _) if is_letter(*c) => {
                let word: String = rest.iter().take_while(|c| is_letter(**c)).collect();
                let length = word.chars().count();
                (Token::Word(word), length)
            }
            _ => return Err(ConditionFault { at, wanted: "a name, a value, a comparison or a bracket" }),
        };
        found.push((at, token));
        rest = rest.get(used..).unwrap_or_default();
    }
    Ok(found)
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn or_equal(first: char) -> Operator {
    match first {
        '!' => Operator::IsNot,
        '<' => Operator::AtMost,
        _ => Operator::AtLeast,
    }
}

/// Words of the language: no names.
const WORDS: &[&str] = &["且", "或", "非", "属于", "是", "否", "持有"];

/// Whether it can stand as the name of a role or a question.
pub(super) fn is_name(text: &str) -> bool {
    let begins = text.chars().next().is_some_and(|c| is_letter(c) && !c.is_ascii_digit());
    begins && text.chars().all(is_letter) && !WORDS.contains(&text)
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
}

impl Reader {
    fn next_is(&self, token: &Token) -> bool {
        self.tokens.get(self.at).is_some_and(|(_, next)| next == token)
    }

    fn word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some((_, Token::Word(next))) if next == word)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).map(|(_, token)| token.clone());
        self.at += 1;
        token
    }

    /// The fault at the token that was just taken, or at the end.
    fn fault(&self, wanted: &'static str) -> ConditionFault {
        let place = self.tokens.get(self.at.saturating_sub(1)).map_or(self.end, |(at, _)| *at);
        ConditionFault { at: place, wanted }
    }

    fn wants(&mut self, token: &Token, wanted: &'static str) -> Result<(), ConditionFault> {
        if self.next_is(token) {
            self.at += 1;
            return Ok(());
        }
        self.at += 1;
        Err(self.fault(wanted))
    }

    fn any(&mut self, depth: usize) -> Result<Condition, ConditionFault> {
        let mut parts = vec![self.all(depth)?];
        while self.word("或") {
            self.at += 1;
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, ConditionFault> {
        let mut parts = vec![self.part(depth)?];
        while self.word("且") {
            self.at += 1;
            parts.push(self.part(depth)?);
        }
        Ok(one_or(parts, Condition::All))
    }

    fn part(&mut self, depth: usize) -> Result<Condition, ConditionFault> {
        if depth >= DEEPEST {
            return Err(self.fault("brackets and 非 stand at most 16 deep"));
        }
        if self.word("非") {
            self.at += 1;
            return Ok(Condition::Not(Box::new(self.part(depth + 1)?)));
        }
        if self.next_is(&Token::Open) {
            self.at += 1;
            let inner = self.any(depth + 1)?;
            self.wants(&Token::Close, "a closing bracket")?;
            return Ok(inner);
        }
        self.test()
    }

    fn test(&mut self) -> Result<Condition, ConditionFault> {
        let of = self.named()?;
        if self.word("属于") {
            self.at += 1;
            self.wants(&Token::Open, "a bracket with the values")?;
            let mut among = vec![self.value()?];
            while self.next_is(&Token::Comma) {
                self.at += 1;
                among.push(self.value()?);
            }
            self.wants(&Token::Close, "a closing bracket")?;
            return Ok(Condition::OneOf { of, among });
        }
        let Some((_, Token::By(by))) = self.tokens.get(self.at) else { return Ok(Condition::Fact(of)) };
        let by = *by;
        self.at += 1;
        Ok(Condition::Compare { of, by, to: self.value()? })
    }

    fn named(&mut self) -> Result<CaseName, ConditionFault> {
        let name = match self.take() {
            Some(Token::Word(name)) if is_name(&name) => name,
            _ => return Err(self.fault("the name of a question or a role")),
        };
        if !self.next_is(&Token::Dot) {
            return Ok(CaseName::Question(name));
        }
        self.at += 1;
        let Some(Token::Word(what)) = self.take() else { return Err(self.fault("an attribute, or 持有")) };
        if what == "持有" {
            self.wants(&Token::Open, "a bracket with the type")?;
            let Some(Token::Word(slug)) = self.take() else { return Err(self.fault("a type")) };
            self.wants(&Token::Close, "a closing bracket")?;
            return Ok(CaseName::Holds { role: name, slug });
        }
        match Attribute::ALL.iter().find(|attribute| attribute.zh() == what) {
            Some(attribute) => Ok(CaseName::Attribute { role: name, attribute: *attribute }),
            None => Err(self.fault("年龄, 性别, 本地户籍, 证件类型 or 持有")),
        }
    }

    fn value(&mut self) -> Result<FactValue, ConditionFault> {
        match self.take() {
            Some(Token::Text(text)) => Ok(FactValue::Text(text)),
            Some(Token::Number(number)) => Ok(FactValue::Number(number)),
            Some(Token::Word(word)) if word == "是" => Ok(FactValue::Truth(true)),
            Some(Token::Word(word)) if word == "否" => Ok(FactValue::Truth(false)),
            _ => Err(self.fault("a text in 「」, a number, 是 or 否")),
        }
    }
}

fn one_or(mut parts: Vec<Condition>, several: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            several(parts)
        }
        None => several(parts),
    }
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// Where the text ends to be one.
    pub fn parse(text: &str) -> Result<Self, ConditionFault> {
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens, at: 0, end: text.chars().count() + 1 };
        let condition = reader.any(0)?;
        if reader.at < reader.tokens.len() {
            reader.at += 1;
            return Err(reader.fault("且, 或, or the end"));
        }
        Ok(condition)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
