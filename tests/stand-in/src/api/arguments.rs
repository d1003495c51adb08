//! The struct that a tool reads its arguments into, compared with its tool.json.

use crate::app::tool::{Property, properties};
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::collections::{BTreeMap, BTreeSet};

/// Compares the fields of `T` with the arguments that the text of a tool.json lists: the names, and
/// which have to be given. Errors with what differs.
pub fn compare<T: DeserializeOwned>(tool_json: &str) -> Result<(), String> {
    let listed = Property::read_all(&properties(tool_json)?).map_err(|error| error.to_string())?;
    let listed = listed
        .iter()
        .map(|one| (one.name().unwrap_or_default(), one.is_required));
    let listed: BTreeMap<_, _> = listed.collect();
    let of = std::any::type_name::<T>();
    let taken = fields::<T>().map_err(|why| format!("{of}: {why}"))?;
    let taken = BTreeMap::from_iter(taken);
    let mut wrong = Vec::new();
    for name in taken.keys().chain(listed.keys()).collect::<BTreeSet<_>>() {
        wrong.push(match (taken.get(name), listed.get(name)) {
            (Some(_), None) => format!("{name} is a field of {of} and not listed"),
            (None, _) => format!("{name} is listed and not a field of {of}"),
            (Some(true), Some(false)) => {
                format!("{of} needs {name}: write \"isRequired\": true, or make it an Option")
            }
            (Some(false), Some(true)) => format!("{name} is required, and {of} does without"),
            _ => continue,
        });
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}

/// The names of the fields of `T`, in their order, each with whether it has to be given. Errors
/// where `T` is not a struct with named fields, or takes no made-up values.
fn fields<T: DeserializeOwned>() -> Result<Vec<(&'static str, bool)>, String> {
    let mut names = None;
    let _ = T::deserialize(Names(&mut names));
    let names = names.ok_or("it is not a struct with named fields")?;
    let mut needed = Vec::new();
    loop {
        let given = needed.iter().map(|name: &&str| (*name, Anything));
        let Err(error) = T::deserialize(MapDeserializer::<_, Error>::new(given)) else {
            let fields = names.iter().map(|name| (*name, needed.contains(name)));
            return Ok(fields.collect());
        };
        let text = error.to_string();
        let is_missing = |name: &&&str| text == format!("missing field `{name}`");
        match names.iter().find(is_missing) {
            Some(name) if !needed.contains(name) => needed.push(name),
            _ => return Err(format!("it does not take a made-up value: {text}")),
        }
    }
}

/// Finds the names of a struct's fields.
struct Names<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("only names are wanted"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = Some(fields);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A value of whatever type is asked for.
#[derive(Clone, Copy)]
struct Anything;

impl<'de> IntoDeserializer<'de, Error> for Anything {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The methods that give one value each.
macro_rules! give {
    ($($method:ident $visit:ident($($value:expr)?),)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($($value)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Anything {
    type Error = Error;

    give! {
        deserialize_any visit_u64(0),
        deserialize_bool visit_bool(false),
        deserialize_char visit_char('a'),
        deserialize_str visit_str("a"),
        deserialize_string visit_str("a"),
        deserialize_bytes visit_bytes(b"a"),
        deserialize_byte_buf visit_bytes(b"a"),
        deserialize_option visit_none(),
        deserialize_unit visit_unit(),
        deserialize_seq visit_seq(SeqDeserializer::new(std::iter::empty::<Self>())),
        deserialize_map visit_map(MapDeserializer::new(std::iter::empty::<(Self, Self)>())),
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(std::iter::repeat_n(self, len)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let fields = fields.iter().map(|name| (*name, self));
        visitor.visit_map(MapDeserializer::new(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let first = variants.first().copied().unwrap_or_default();
        visitor.visit_enum(first.into_deserializer())
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 unit_struct identifier ignored_any
    }
}
