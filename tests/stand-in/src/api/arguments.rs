//! Compares the struct that a tool reads its arguments into with its tool.json.

use crate::app::tool::{Property, properties};
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::cell::Cell;
use std::iter;

/// Compares the names of `T`'s fields, and which are required, with a tool.json. The error has one
/// difference per line.
pub fn compare<T: DeserializeOwned>(tool_json: &str) -> Result<(), String> {
    let listed = Property::read_all(&properties(tool_json)?).map_err(|error| error.to_string())?;
    let of = std::any::type_name::<T>();
    let (fields, without) = (Cell::new(None), Cell::new(""));
    let sample = Sample {
        fields: &fields,
        without: &without,
    };
    let read = T::deserialize(sample).map(drop);
    let none = || format!("{of} is not a struct with named fields");
    let fields = fields.get().ok_or_else(none)?;
    read.map_err(|why| format!("{of} does not take a made-up value: {why}"))?;
    let mut wrong = Vec::new();
    for field in fields {
        without.set(field);
        let needs = T::deserialize(sample).is_err();
        let same = listed.iter().find(|one| one.name() == Some(field));
        wrong.push(match same.map(|one| one.is_required) {
            None => format!("{field} is a field of {of} and not listed"),
            Some(false) if needs => {
                format!("{of} needs {field}: write \"isRequired\": true, or make it an Option")
            }
            Some(true) if !needs => format!("{field} is required, and {of} does without"),
            _ => continue,
        });
    }
    for name in listed.iter().map(|one| one.name().unwrap_or_default()) {
        if !fields.contains(&name) {
            wrong.push(format!("{name} is listed and not a field of {of}"));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}

/// Gives any type a made-up value.
#[derive(Clone, Copy)]
struct Sample<'a> {
    /// The names of the first struct's fields.
    fields: &'a Cell<Option<&'static [&'static str]>>,
    /// The field that the next struct does not get.
    without: &'a Cell<&'static str>,
}

impl Sample<'_> {
    fn members(
        self,
        fields: &'static [&'static str],
    ) -> impl Iterator<Item = (&'static str, Self)> {
        self.fields.set(self.fields.get().or(Some(fields)));
        let without = self.without.take();
        let given = fields.iter().filter(move |field| **field != without);
        given.map(move |field| (*field, self))
    }
}

impl<'de> IntoDeserializer<'de, Error> for Sample<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! give {
    ($self:ident: $($method:ident($($name:ident: $type:ty),*) $visit:ident($($value:expr)?),)*) => {$(
        fn $method<V: Visitor<'de>>($self, $($name: $type,)* visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($($value)?)
        }
    )*};
}

type Name = &'static str;
type Names = &'static [&'static str];

impl<'de> Deserializer<'de> for Sample<'_> {
    type Error = Error;

    give! { self:
        deserialize_any() visit_u64(0),
        deserialize_bool() visit_bool(false),
        deserialize_char() visit_char('a'),
        deserialize_str() visit_str("a"),
        deserialize_string() visit_str("a"),
        deserialize_option() visit_none(),
        deserialize_newtype_struct(_name: Name) visit_newtype_struct(self),
        deserialize_seq() visit_seq(SeqDeserializer::new(iter::empty::<Self>())),
        deserialize_tuple(length: usize) visit_seq(SeqDeserializer::new(iter::repeat_n(self, length))),
        deserialize_tuple_struct(_name: Name, length: usize) visit_seq(SeqDeserializer::new(iter::repeat_n(self, length))),
        deserialize_map() visit_map(MapDeserializer::new(iter::empty::<(Self, Self)>())),
        deserialize_struct(_name: Name, fields: Names) visit_map(MapDeserializer::new(self.members(fields))),
        deserialize_enum(_name: Name, variants: Names) visit_enum(variants.first().copied().unwrap_or_default().into_deserializer()),
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 bytes byte_buf unit unit_struct identifier ignored_any
    }
}
