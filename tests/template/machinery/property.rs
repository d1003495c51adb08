//! Nothing altered, nothing lost: thousands of generated messages through both functions under the
//! stand-in for the host, and a look into the queues.
//!
//! `PROPERTY_SEED` and `PROPERTY_COUNT` set what is generated. Each message is made from the seed
//! and its own number, and the kinds take turns, so that every trap is met at any seed.

use crate::random::Random;
use crate::requests::{invoke, message_payload};
use crate::start::{Calls, start_host_as};
use serde::de::IgnoredAny;
use stand_in::host::answer::{MESSAGE_MAX_BYTES, Outcome};
use stand_in::host::invoke::{Form, Host};

const SEED: u64 = 20_261_121;
const COUNT: usize = 3_000;

#[test]
fn what_is_sent_is_what_arrives() {
    let setting = |name: &str| Some(std::env::var(name).ok()?.parse().expect("a number"));
    let seed: u64 = setting("PROPERTY_SEED").unwrap_or(SEED);
    let count = setting("PROPERTY_COUNT").map_or(COUNT, |count| count as usize);
    assert!(count > 0, "PROPERTY_COUNT says that there is nothing to do");
    let (host, grammar) = (start_host_as(Form::Proxied), Grammar::read());
    for number in 0..count {
        let mut random = Random::new(seed ^ (number as u64).rotate_left(32));
        let (kind, message) = message(&grammar, &mut random, number);
        let order = check_order(&host, &message, &mut random);
        if let Err(why) = order.and_then(|()| check_queue_message(&host, &message)) {
            let (start, length) = (shown(&message), message.len());
            let which = format!("PROPERTY_SEED={seed}, message {number} ({kind}, {length} bytes)");
            panic!("{which}: {why}\n{start:?}");
        }
    }
}

/// Posts a message as an order: it is in the queue `orders`, or its caller gets an error that says
/// why not.
fn check_order(host: &Host, message: &[u8], random: &mut Random) -> Result<(), String> {
    let is_text = std::str::from_utf8(message).is_ok();
    let (content_types, as_binary) = match random.below(8) {
        0 => (BINARY, true),
        // Damage is met in every second message that is not text.
        1..4 if !is_text => (BINARY, true),
        _ => (TEXTUAL, false),
    };
    let content_types: Vec<&str> = content_types.split(", ").collect();
    let content_type = *random.pick(&content_types);
    let headers = [("Content-Type", content_type)];
    let outcome = host.try_http("POST", "/api/order", &headers, message);
    // The host drops a byte-order mark from a text.
    let mark = "\u{feff}".as_bytes();
    let without_mark = message.strip_prefix(mark).filter(|_| !as_binary);
    let bytes = without_mark.unwrap_or(message);
    let status = match bytes.len() {
        _ if !is_text && !as_binary => 415,
        0 => 400,
        length if length > MESSAGE_MAX_BYTES => 413,
        _ => 200,
    };
    if !matches!(&outcome, Outcome::Completed(Some(answer)) if answer.status == status) {
        let order = format!("the order as {content_type:?}");
        return Err(format!("{order} did not get a {status}: {outcome:?}"));
    }
    let sent = (status == 200).then_some(bytes);
    compare(host, "orders", sent)
}

/// Puts a message into `messages-incoming`: it is in `messages-outgoing`, unless it cannot lie in a
/// queue at all.
fn check_queue_message(host: &Host, message: &[u8]) -> Result<(), String> {
    if message.len() > MESSAGE_MAX_BYTES || std::str::from_utf8(message).is_err() {
        return Ok(());
    }
    match host.enqueue("messages-incoming", message) {
        Outcome::Completed(_) => compare(host, "messages-outgoing", Some(message)),
        outcome => Err(format!("the message was not passed on: {outcome:?}")),
    }
}

/// Compares what was sent with what is in the queue: the same bytes. Of an object that the guard
/// sends plain the same tokens are enough, for the host writes it again, indented.
fn compare(host: &Host, queue: &str, sent: Option<&[u8]>) -> Result<(), String> {
    let queued = host.storage.drain(queue);
    let is_same = match (sent, &queued[..]) {
        (None, []) => true,
        (Some(sent), [queued]) => {
            sent == queued || (is_same_json(sent, queued) && goes_plain(host, sent)?)
        }
        _ => false,
    };
    if is_same {
        return Ok(());
    }
    let shown: Vec<_> = queued.iter().map(|message| shown(message)).collect();
    Err(format!("{queue} holds {} messages: {shown:?}", shown.len()))
}

/// The beginning of a message.
fn shown(message: &[u8]) -> String {
    String::from_utf8_lossy(message).chars().take(400).collect()
}

/// Whether the handler answers this message with an object as it is, and not with base64: it is
/// asked once more, without a host.
fn goes_plain(host: &Host, message: &[u8]) -> Result<bool, String> {
    let text = std::str::from_utf8(message).map_err(|error| error.to_string())?;
    let answer = invoke(&host.handler, "MyQueueFunction", message_payload(text)).json();
    Ok(text.trim().starts_with('{') && answer["ReturnValue"] == text)
}

/// Whether both are strict JSON and say the same in the same order: equal names and strings once
/// decoded, equal numbers as they are written.
pub fn is_same_json(a: &[u8], b: &[u8]) -> bool {
    json_tokens(a).is_some_and(|tokens| json_tokens(b) == Some(tokens))
}

fn json_tokens(json: &[u8]) -> Option<Vec<String>> {
    let json = std::str::from_utf8(json).ok()?;
    serde_json::from_str::<IgnoredAny>(json).ok()?;
    let (mut tokens, mut rest) = (Vec::new(), json.trim_ascii());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => {
                let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                tokens.push(format!("{:?}", strings.next()?.ok()?));
                strings.byte_offset()
            }
            _ => {
                let is_of_word = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                let word = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()).max(1);
                tokens.push(rest[..word].to_owned());
                word
            }
        };
        rest = rest[length..].trim_ascii_start();
    }
    Some(tokens)
}

#[test]
fn json_is_compared_strictly() {
    let same = |a: &str, b: &str| is_same_json(a.as_bytes(), b.as_bytes());
    assert!(same(
        r#"{"a":[1,-2.0,true],"\u0062":"\u00e9\/"}"#,
        "{\n  \"a\": [\n 1, -2.0,true],\r\n\"b\":\"é/\" }\t"
    ));
    for (a, b) in [
        ("[1]", "[1.0]"),
        ("[10.10]", "[10.1]"),
        ("[1]", "[\"1\"]"),
        ("[1,2]", "[2,1]"),
        (r#"{"a":1,"a":1}"#, r#"{"a":1}"#),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#),
        (r#"{"a":1}"#, r#"{"A":1}"#),
        ("{a:1}", "{a:1}"),
        (r#"["\ud800"]"#, r#"["\ud800"]"#),
    ] {
        assert!(!same(a, b), "{a} {b}");
    }
}

const TEXTUAL: &str = "text/plain, application/json, application/json; charset=utf-8, application/x-www-form-urlencoded, \
    text/plain; charset=iso-8859-1, Application/XML";

const BINARY: &str = "application/octet-stream, Application/Octet-Stream; a=b, multipart/form-data; boundary=x, \
    MULTIPART/mixed;b=c";

/// The message of this number, and its kind: those of the grammar take turns with those that are
/// about lengths and bytes.
fn message(grammar: &Grammar, random: &mut Random, number: usize) -> (String, Vec<u8>) {
    let turn = number % (grammar.kinds + 5);
    if turn < grammar.kinds {
        let mut text = String::new();
        grammar.expand_rule(turn, random, 0, &mut text);
        return (grammar.rules[turn].0.clone(), text.into_bytes());
    }
    let (kind, bytes) = match turn - grammar.kinds {
        0 => ("every length", of_some_length(random)),
        1 => ("large object", large_object(random).into_bytes()),
        2 => ("deep object", deep_object(random).into_bytes()),
        3 => ("binary", {
            let length = random.below(300);
            bytes(random, length)
        }),
        _ => ("ISO-8859-1", [b"caf\xe9 ", &*bytes(random, 20)].concat()),
    };
    (kind.to_owned(), bytes)
}

fn bytes(random: &mut Random, length: usize) -> Vec<u8> {
    (0..length).map(|_| random.below(256) as u8).collect()
}

fn of_some_length(random: &mut Random) -> Vec<u8> {
    let length = match random.below(8) {
        0 | 1 => MESSAGE_MAX_BYTES - 1 + random.below(3),
        2 => random.below(MESSAGE_MAX_BYTES + 1000),
        3 | 4 => random.below(2000),
        _ => 1 + random.below(8),
    };
    let shapes = [
        ("an order ", "x", ""),
        ("", "\u{1f600}", ""),
        ("", "A", ""),
        ("[\"", "\u{e9}", "\"]"),
        ("", " ", ""),
        ("{", "}", ""),
        ("{\"a\":\"", "\\n", "\"}"),
        ("", "\"", ""),
    ];
    let (start, letter, end) = random.pick(&shapes);
    let room = length.saturating_sub(start.len() + end.len());
    let filling = letter.repeat(room / letter.len()) + &"-".repeat(room % letter.len());
    format!("{start}{filling}{end}").into_bytes()
}

/// A flat object that is just small enough, or just too large for a queue, once the host has put
/// every member on a line of its own and escaped what it escapes.
fn large_object(random: &mut Random) -> String {
    let members: String = (0..random.below(40))
        .map(|n| format!("\"{n}\":1,"))
        .collect();
    // Some letters, and how many bytes the host makes of each.
    let (letters, written) = (
        ["x", "\u{e9}", "\u{85}", "\u{2028}", "\\u00e9"],
        [1, 2, 6, 6, 2],
    );
    let place = random.below(letters.len());
    let (letter, written) = (letters[place], written[place]);
    let lines = members.matches(',').count() + 1;
    let indented = "{}\"text\":\"\"".len() + members.len() + 4 * lines + 1;
    let room = MESSAGE_MAX_BYTES + 2 - random.below(5) - indented;
    let filling = letter.repeat(room / written) + &"-".repeat(room % written);
    format!("{{{members}\"text\":\"{filling}\"}}")
}

/// An object of lists, about as deep as the host reads, or one that grows too large when indented.
fn deep_object(random: &mut Random) -> String {
    let (levels, elements) = (1 + random.below(90), 1 + random.below(1000));
    let (open, close) = ("[".repeat(levels), "]".repeat(levels));
    format!("{{\"a\":{open}{}1{close}}}", "1,".repeat(elements))
}

/// The rules of `messages.txt`, which says how they are read.
struct Grammar {
    rules: Vec<(String, Vec<String>)>,
    /// How many of them are kinds of messages: the first ones.
    kinds: usize,
}

impl Grammar {
    fn read() -> Self {
        let text = include_str!("messages.txt");
        let mut rules: Vec<(String, Vec<String>)> = Vec::new();
        let (kinds, parts) = text.split_once("# Their parts.").expect("kinds and parts");
        let count = kinds.lines().filter(|line| !line.starts_with('#')).count();
        for line in kinds.lines().chain(parts.lines().skip(1)) {
            let Some((name, alternatives)) = line.split_once(": ") else {
                continue;
            };
            let alternatives = alternatives.split(" | ").map(str::to_owned);
            let known = count.min(rules.len());
            match rules[known..].iter_mut().find(|rule| rule.0 == name) {
                Some((_, all)) => all.extend(alternatives),
                None => rules.push((name.to_owned(), alternatives.collect())),
            }
        }
        let kinds = count;
        Self { rules, kinds }
    }

    fn expand_rule(&self, rule: usize, random: &mut Random, depth: usize, text: &mut String) {
        let (_, alternatives) = &self.rules[rule];
        let alternative = match depth {
            0..12 => random.pick(alternatives),
            _ => &alternatives[0],
        };
        let mut parts = alternative.split('<');
        *text += &unescaped(parts.next().unwrap_or_default());
        for part in parts {
            let (reference, literal) = part.split_once('>').expect("an end of a reference");
            self.expand(reference, random, depth + 1, text);
            *text += &unescaped(literal);
        }
    }

    fn expand(&self, reference: &str, random: &mut Random, depth: usize, text: &mut String) {
        let all = |random: &mut Random, name: &str| {
            let mut all = String::new();
            self.expand(name, random, depth + 1, &mut all);
            all
        };
        let rule = |name: &str| self.rules.iter().rposition(|rule| rule.0 == name);
        if let Some(rule) = rule(reference) {
            self.expand_rule(rule, random, depth, text);
        } else if let Some((name, most)) = reference.split_once('*') {
            let most: usize = most.parse().expect("a number of times");
            (0..random.below(most + 1)).for_each(|_| self.expand(name, random, depth, text));
        } else if let Some(name) = reference.strip_prefix("json ") {
            let string = all(random, name);
            *text += &json_string(random, &string);
        } else if let Some(name) = reference.strip_prefix("spoilt ") {
            let sound = all(random, name);
            *text += &spoilt(random, &sound);
        } else if let Some(name) = reference.strip_prefix("within ") {
            let mut value = all(random, name);
            for _ in 0..random.below(4) {
                let other = all(random, "value");
                value = random
                    .pick(&[
                        format!("[{other},{value}]"),
                        format!("{{\"\":{value},\"c\":{other}}}"),
                    ])
                    .clone();
            }
            let (before, after) = (all(random, "member 1"), all(random, "member 2"));
            *text += &format!("{{{before},\"c\":{value},{after}}}");
        } else {
            let (from, to) = reference.split_once('-').expect("a rule or a range");
            let [first, last]: [usize; 2] =
                [from, to].map(|number| number.parse().expect("a number"));
            let number = first + random.below(last - first + 1);
            *text += &format!("{number:0width$}", width = from.len());
        }
    }
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        let (character, rest) = match part.chars().next() {
            // Of two backslashes the second is the first of the next part.
            None => ('\\', parts.next().unwrap_or_default()),
            Some('u') => {
                let (digits, rest) = part[2..].split_once('}').expect("\\u{...}");
                let code = u32::from_str_radix(digits, 16).expect("a code point");
                (char::from_u32(code).expect("a character"), rest)
            }
            Some(letter) => {
                let place = "nrt".find(letter).expect("n, r or t");
                (['\n', '\r', '\t'][place], &part[1..])
            }
        };
        unescaped.push(character);
        unescaped += rest;
    }
    unescaped
}

/// `text` as a JSON string, some of it in escapes that nothing asks for.
fn json_string(random: &mut Random, text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        let string = serde_json::to_string(&c).expect("a JSON string");
        match random.below(10) {
            0 => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| json += &format!("\\u{unit:04x}")),
            1..5 if c == '/' => json += "\\/",
            _ => json += &string[1..string.len() - 1],
        }
    }
    json + "\""
}

/// `text` with one character more, less, or other than it should be.
fn spoilt(random: &mut Random, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let place = random.below(chars.len() + 1);
    let extra = "0=- :ZT.\u{b}\u{a0}\u{e9}/".chars().nth(random.below(12));
    let extra = extra.expect("one of twelve characters");
    match random.below(3) {
        0 => chars.insert(place, extra),
        1 if place < chars.len() => chars[place] = extra,
        _ if place < chars.len() => drop(chars.remove(place)),
        _ => chars.push(extra),
    }
    chars.into_iter().collect()
}
