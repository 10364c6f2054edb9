//! Finds the command of a key: the table of commands with the user's own keys laid over it.

use std::collections::HashMap;

use streamflow_core::suggest;

use super::command::{ALL, Cmd, Context, Entry};
use super::key::Key;

/// Which key does what, where.
#[derive(Debug, Clone)]
pub struct Keymap {
    commands: HashMap<(Context, Key), Cmd>,
    /// Keys of each entry of the table, in its order.
    keys: Vec<Vec<Key>>,
}

/// A user's key that can not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    #[error("{0:?} gives no command a key")]
    Form(String),
    #[error("there is no command {name:?}")]
    UnknownCommand { name: String, near: Option<String> },
    #[error("{key:?} is no key")]
    UnknownKey { key: String },
    #[error("{key} would be both {first} and {second}")]
    Conflict { key: Key, first: &'static str, second: &'static str },
}

impl KeymapError {
    /// Returns the next step.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Form(_) => "write it like filter=ctrl-f".to_owned(),
            Self::UnknownCommand { near: Some(near), .. } => format!("did you mean {near}?"),
            Self::UnknownCommand { near: None, .. } => "`:` in the dashboard lists the commands".to_owned(),
            Self::UnknownKey { .. } => "keys are written like q, L, space, ctrl-c, alt-enter, f5, pgup".to_owned(),
            Self::Conflict { first, second, .. } => format!("give {first} or {second} another key"),
        }
    }
}

impl Default for Keymap {
    fn default() -> Self {
        Self::with_overrides(&[]).expect("the table of commands has no conflicts, as a test shows")
    }
}

impl Keymap {
    /// Returns the table with some commands' keys replaced; each text is `command=key`.
    ///
    /// # Errors
    /// When a text is none, or a key would mean two things in one place.
    pub fn with_overrides(overrides: &[String]) -> Result<Self, KeymapError> {
        let mut keys: Vec<Vec<Key>> = ALL.iter().map(default_keys).collect();
        let mut replaced = vec![false; ALL.len()];
        for text in overrides {
            let (name, key) = text.split_once('=').ok_or_else(|| KeymapError::Form(text.clone()))?;
            let (name, key) = (name.trim(), key.trim());
            let at = ALL.iter().position(|entry| entry.name == name).ok_or_else(|| unknown(name))?;
            let key: Key = key.parse().map_err(|_| KeymapError::UnknownKey { key: key.to_owned() })?;
            // The first key that the user gives takes the place of the usual ones; more may follow.
            if !std::mem::replace(&mut replaced[at], true) {
                keys[at].clear();
            }
            keys[at].push(key);
        }
        let map = Self { commands: commands(&keys), keys };
        map.conflict().map_or(Ok(map), Err)
    }

    /// Returns what a key means where the user is: in the innermost place that knows it.
    #[must_use]
    pub fn find(&self, context: Context, key: Key) -> Option<Cmd> {
        let here = self.commands.get(&(context, key)).copied();
        // While text is typed, nothing outside of it listens.
        here.or_else(|| if context.is_text() { None } else { self.commands.get(&(Context::Everywhere, key)).copied() })
    }

    /// Returns every entry of the table with its keys.
    pub fn entries(&self) -> impl Iterator<Item = (&'static Entry, &[Key])> {
        ALL.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// Returns the first key of a command, for a hint on the screen.
    #[must_use]
    pub fn key_of(&self, context: Context, cmd: Cmd) -> Option<Key> {
        let here = |wanted| self.entries().find(|(entry, _)| entry.cmd == cmd && entry.context == wanted);
        here(context).or_else(|| here(Context::Everywhere)).and_then(|(_, keys)| keys.first().copied())
    }

    /// Returns a key that means two things in one place: in a context, or in one and everywhere around it.
    fn conflict(&self) -> Option<KeymapError> {
        let mut seen: HashMap<(Context, Key), &'static str> = HashMap::new();
        for (entry, keys) in self.entries() {
            for key in keys {
                if let Some(first) = seen.insert((entry.context, *key), entry.name) {
                    return Some(KeymapError::Conflict { key: *key, first, second: entry.name });
                }
            }
        }
        self.entries().filter(|(entry, _)| !entry.context.is_text() && entry.context != Context::Everywhere).find_map(
            |(entry, keys)| {
                let outside = |key: &Key| seen.get(&(Context::Everywhere, *key)).copied();
                let key = keys.iter().find(|key| outside(key).is_some())?;
                Some(KeymapError::Conflict { key: *key, first: outside(key)?, second: entry.name })
            },
        )
    }
}

fn default_keys(entry: &Entry) -> Vec<Key> {
    entry.keys.iter().map(|key| key.parse().expect("the table of commands names keys")).collect()
}

fn commands(keys: &[Vec<Key>]) -> HashMap<(Context, Key), Cmd> {
    let pairs = ALL.iter().zip(keys);
    pairs.flat_map(|(entry, keys)| keys.iter().map(|key| ((entry.context, *key), entry.cmd))).collect()
}

fn unknown(name: &str) -> KeymapError {
    let near = suggest::nearest(name, ALL.iter().map(|entry| entry.name)).map(str::to_owned);
    KeymapError::UnknownCommand { name: name.to_owned(), near }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn with(overrides: &[&str]) -> Result<Keymap, KeymapError> {
        Keymap::with_overrides(&overrides.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn no_key_means_two_things() {
        assert_eq!(with(&[]).unwrap().conflict(), None);
        let names: HashSet<_> = ALL.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), ALL.len(), "a name stands for one command");
    }

    #[test]
    fn plain_characters_are_never_commands_where_text_is_typed() {
        for (entry, keys) in with(&[]).unwrap().entries().filter(|(entry, _)| entry.context.is_text()) {
            assert!(keys.iter().all(|key| key.typed().is_none()), "{}", entry.name);
        }
    }

    #[test]
    fn every_text_can_be_left_by_escape_and_by_ctrl_c() {
        let map = with(&[]).unwrap();
        for context in [Context::Editor, Context::Prompt, Context::Palette] {
            for key in ["esc", "ctrl-c"] {
                assert_eq!(map.find(context, key.parse().unwrap()), Some(Cmd::Leave), "{context:?} {key}");
            }
        }
        assert_eq!(map.find(Context::Everywhere, "ctrl-c".parse().unwrap()), Some(Cmd::Quit));
    }

    #[test]
    fn a_users_key_takes_the_place_of_the_usual_ones() {
        let map = with(&["filter=ctrl-g", "filter=F"]).unwrap();
        let find = |key: &str| map.find(Context::Everywhere, key.parse().unwrap());
        assert_eq!([find("/"), find("ctrl-g"), find("F")], [None, Some(Cmd::Filter), Some(Cmd::Filter)]);
    }

    #[test]
    fn a_users_wrong_key_is_explained() {
        let check = |text: &str, message: &str, hint: &str| {
            let error = with(&[text]).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.hint().as_str()), (message, hint));
        };
        check("filter", "\"filter\" gives no command a key", "write it like filter=ctrl-f");
        check("filer=x", "there is no command \"filer\"", "did you mean filter?");
        check(
            "filter=hyper-x",
            "\"hyper-x\" is no key",
            "keys are written like q, L, space, ctrl-c, alt-enter, f5, pgup",
        );
        check("filter=q", "q would be both filter and quit", "give filter or quit another key");
        check("exclude=q", "q would be both quit and exclude", "give quit or exclude another key");
    }
}
