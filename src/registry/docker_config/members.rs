//! A JSON object whose values keep their bytes, read as the kubelet's Go reads one (encoding/json): names
//! in any case, and of two members of one name the last.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Members in their order. No `Debug`: they hold passwords.
#[derive(Clone, Default)]
pub(super) struct Members(pub(super) Vec<(String, Box<RawValue>)>);

impl Members {
    pub(super) fn get(&self, key: &str) -> Option<&RawValue> {
        self.0.iter().find(|(own, _)| own == key).map(|(_, raw)| raw.as_ref())
    }

    pub(super) fn set(&mut self, key: &str, raw: Box<RawValue>) {
        match self.0.iter_mut().find(|(own, _)| own == key) {
            Some((_, old)) => *old = raw,
            None => self.0.push((key.to_owned(), raw)),
        }
    }

    /// Takes out the first member of that name, in any case.
    pub(super) fn remove(&mut self, name: &str) -> Option<Box<RawValue>> {
        let at = self.0.iter().position(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(self.0.remove(at).1)
    }

    /// The text of the last member of that name, in any case; empty where there is none, `None` where it is no text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let mut text = String::new();
        for (_, raw) in self.0.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)) {
            let found: Option<String> = serde_json::from_str(raw.get()).ok()?;
            text = found.unwrap_or(text);
        }
        Some(text)
    }

    pub(super) fn write(&self, text: &mut String) {
        text.push('{');
        for (index, (key, raw)) in self.0.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            write_member(text, key, raw);
        }
        text.push('}');
    }
}

pub(super) fn write_member(text: &mut String, key: &str, raw: &RawValue) {
    text.push_str(&Value::from(key).to_string());
    text.push(':');
    text.push_str(raw.get());
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            // The last of two members of one name wins, as it does for the kubelet.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                while let Some((key, raw)) = map.next_entry::<String, Box<RawValue>>()? {
                    members.set(&key, raw);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Object)
    }
}
