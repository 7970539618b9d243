//! The words after a command: each command takes the flags it knows, and what is left over is an error.

use anyhow::{Context, Result, bail};
use std::str::FromStr;

pub struct Flags {
    words: Vec<String>,
}

impl Flags {
    pub fn new(words: impl Iterator<Item = String>) -> Self {
        Flags { words: words.collect() }
    }

    /// Takes `--flag`.
    pub fn has(&mut self, flag: &str) -> bool {
        let found = self.words.iter().position(|word| word == flag);
        found.map(|at| self.words.remove(at)).is_some()
    }

    /// Takes the first `--flag VALUE`.
    pub fn value<T: FromStr>(&mut self, flag: &str) -> Result<Option<T>> {
        let Some(at) = self.words.iter().position(|word| word == flag) else { return Ok(None) };
        self.words.remove(at);
        if at == self.words.len() {
            bail!("{flag} wants a value");
        }
        let text = self.words.remove(at);
        let value = text.parse().ok().with_context(|| format!("{flag} can't be {text:?}"))?;
        Ok(Some(value))
    }

    /// Takes every `--flag VALUE`.
    pub fn values<T: FromStr>(&mut self, flag: &str) -> Result<Vec<T>> {
        std::iter::from_fn(|| self.value(flag).transpose()).collect()
    }

    /// Takes the first word that is no flag; the flags that have values have been taken before.
    pub fn word(&mut self) -> Option<String> {
        let at = self.words.iter().position(|word| !word.starts_with("--"))?;
        Some(self.words.remove(at))
    }

    /// Nothing may be left.
    pub fn done(self) -> Result<()> {
        match self.words.first() {
            Some(word) => bail!("{word:?} is not understood here; `cargo xtask help` lists what is"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(line: &str) -> Flags {
        Flags::new(line.split_whitespace().map(String::from))
    }

    #[test]
    fn takes_what_it_is_asked_for() {
        let mut flags = flags("memory --peer a=b --rounds 3 --peer c=d --quick");
        assert!(flags.has("--quick") && !flags.has("--quick"));
        assert_eq!(flags.value("--rounds").unwrap(), Some(3));
        assert_eq!(flags.value::<u32>("--requests").unwrap(), None);
        assert_eq!(flags.values::<String>("--peer").unwrap(), ["a=b", "c=d"]);
        assert_eq!(flags.word().as_deref(), Some("memory"));
        flags.done().unwrap();
    }

    #[test]
    fn says_what_it_does_not_understand() {
        assert!(flags("--rounds").value::<u32>("--rounds").is_err());
        assert!(flags("--rounds many").value::<u32>("--rounds").is_err());
        assert!(flags("--qick").done().unwrap_err().to_string().contains("--qick"));
    }
}
