//! Messages that the host, the handler or JSON might treat as special.

use crate::random::Random;
use stand_in::host::answer::MESSAGE_MAX_BYTES;
use std::collections::HashMap;
use std::sync::LazyLock;

type Rule = (&'static str, Vec<&'static str>);
type Rules = HashMap<&'static str, Vec<&'static str>>;

/// The kinds of messages, and the rules of their parts, each with its alternatives.
static GRAMMAR: LazyLock<(Vec<Rule>, Rules)> = LazyLock::new(|| {
    let rule = |line: &'static str| {
        let (name, alternatives) = line.split_once(": ")?;
        Some((name, alternatives.split(" | ").collect::<Vec<_>>()))
    };
    let text = include_str!("messages.txt");
    let (kinds, parts) = text.split_once("# Their parts.").expect("two lists");
    let kinds = kinds.lines().filter(|line| !line.starts_with('#'));
    let mut rules = Rules::new();
    for (name, alternatives) in parts.lines().filter_map(rule) {
        rules.entry(name).or_default().extend(alternatives);
    }
    (kinds.filter_map(rule).collect(), rules)
});

/// The message of this number, and its kind: the kinds take turns, so that every trap is met at any
/// seed.
pub fn message(number: usize, random: &mut Random) -> (&'static str, Vec<u8>) {
    let (kinds, rules) = &*GRAMMAR;
    let turn = number % (kinds.len() + 5);
    if let Some((kind, alternatives)) = kinds.get(turn) {
        let alternative = *random.pick(alternatives);
        let text = filled(rules, alternative, random, 0);
        return (kind, text.into_bytes());
    }
    match turn - kinds.len() {
        0 => ("every length", of_some_length(random).into_bytes()),
        1 => ("large object", large_object(random).into_bytes()),
        2 => ("deep object", deep_object(random).into_bytes()),
        3 => ("binary", bytes(random, 300)),
        _ => ("ISO-8859-1", [b"caf\xe9 ", &*bytes(random, 20)].concat()),
    }
}

fn bytes(random: &mut Random, most: usize) -> Vec<u8> {
    let length = random.below(most);
    (0..length).map(|_| random.below(256) as u8).collect()
}

/// Just small enough for a queue or just too large, short, or of any length.
fn of_some_length(random: &mut Random) -> String {
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
    format!("{start}{filling}{end}")
}

/// A flat object that is just small enough, or just too large for a queue, once the host has put
/// every member on a line of its own and escaped what it escapes.
fn large_object(random: &mut Random) -> String {
    let count = random.below(40);
    let members: String = (0..count).map(|n| format!("\"{n}\":1,")).collect();
    // Some letters, and how many bytes the host makes of each.
    let letters = [
        ("x", 1),
        ("\u{e9}", 2),
        ("\u{85}", 6),
        ("\u{2028}", 6),
        ("\\u00e9", 2),
    ];
    let (letter, written) = random.pick(&letters);
    let indented = "{}\"text\":\"\"".len() + members.len() + 4 * (count + 1) + 1;
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

/// An alternative of a rule, with its references expanded.
fn filled(rules: &Rules, alternative: &str, random: &mut Random, depth: usize) -> String {
    let mut parts = alternative.split('<');
    let mut text = unescaped(parts.next().unwrap_or_default());
    for part in parts {
        let (reference, literal) = part.split_once('>').expect("an end of a reference");
        text += &expanded(rules, reference, random, depth);
        text += &unescaped(literal);
    }
    text
}

fn expanded(rules: &Rules, reference: &str, random: &mut Random, depth: usize) -> String {
    let all = |name: &str, random: &mut Random| expanded(rules, name, random, depth + 1);
    if let Some(alternatives) = rules.get(reference) {
        // Deep in each other, the first ends it.
        let first = &alternatives[..1];
        let alternative = random.pick(if depth < 12 { alternatives } else { first });
        return filled(rules, alternative, random, depth + 1);
    }
    if let Some((name, most)) = reference.split_once('*') {
        let most: usize = most.parse().expect("a number of times");
        return (0..random.below(most + 1))
            .map(|_| all(name, random))
            .collect();
    }
    match reference.split_once(' ') {
        Some(("json", name)) => json_string(&all(name, random), random),
        Some(("spoilt", name)) => spoilt(&all(name, random), random),
        Some((_, name)) => {
            let mut value = all(name, random);
            for _ in 0..random.below(4) {
                let other = all("value", random);
                let list = format!("[{other},{value}]");
                let object = format!("{{\"\":{value},\"c\":{other}}}");
                value = random.pick(&[list, object]).clone();
            }
            let (before, after) = (all("member 1", random), all("member 2", random));
            format!("{{{before},\"c\":{value},{after}}}")
        }
        None => {
            let (from, to) = reference.split_once('-').expect("a rule or a range");
            let [first, last]: [usize; 2] =
                [from, to].map(|number| number.parse().expect("a number"));
            let number = first + random.below(last - first + 1);
            format!("{number:0width$}", width = from.len())
        }
    }
}

fn unescaped(text: &str) -> String {
    let quoted = format!("\"{}\"", text.replace('"', "\\\""));
    serde_json::from_str(&quoted).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// `text` as a JSON string, some of it in escapes that nothing asks for.
fn json_string(text: &str, random: &mut Random) -> String {
    let mut json = String::new();
    for c in text.chars() {
        let string = serde_json::to_string(&c).expect("a JSON string");
        let units = c.encode_utf16(&mut [0; 2]).to_vec();
        match random.below(10) {
            0 => json.extend(units.iter().map(|unit| format!("\\u{unit:04x}"))),
            1..5 if c == '/' => json += "\\/",
            _ => json += &string[1..string.len() - 1],
        }
    }
    format!("\"{json}\"")
}

/// `text` with one character more, less, or other than it should be.
fn spoilt(text: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let place = random.below(chars.len() + 1);
    let extras: Vec<char> = "0=- :ZT.\u{b}\u{a0}\u{e9}/".chars().collect();
    let (extra, how) = (*random.pick(&extras), random.below(3));
    if how > 0 && place < chars.len() {
        chars.remove(place);
    }
    if how < 2 {
        chars.insert(place, extra);
    }
    chars.into_iter().collect()
}
