//! Rust as its author wrote it: where comments and strings lie, so that a line can be added to a
//! file or taken out of it, while all the rest stays as it is.

/// The text with spaces instead of comments and of what lies between the quotes of strings and
/// characters. Line breaks, and with them all places, stay.
pub fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut hide = |from: usize, to: usize| {
        for byte in &mut out[from..to] {
            if *byte != b'\n' && *byte != b'\r' {
                *byte = b' ';
            }
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"//") || rest.starts_with(b"/*") {
            let length = comment(rest);
            hide(at, at + length);
            at += length;
        } else if let Some((open, close, length)) = string(bytes, at) {
            hide(at + open, at + length - close);
            at += length;
        } else {
            at += 1;
        }
    }
    // Whole characters have been replaced, or none.
    String::from_utf8(out).expect("spaces instead of whole characters")
}

/// The length of the comment that `rest` begins with; block comments nest.
fn comment(rest: &[u8]) -> usize {
    if rest.starts_with(b"//") {
        let end = rest.iter().position(|byte| *byte == b'\n');
        return end.unwrap_or(rest.len());
    }
    let (mut at, mut depth) = (2, 1);
    while depth > 0 && at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at
}

/// The lengths of the opening quote, of the closing one and of all, where a string or a character
/// begins at `at`.
fn string(bytes: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    let rest = &bytes[at..];
    let ends = |quote: u8| {
        let mut end = 1;
        while end < rest.len() && rest[end] != quote {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        // A quote that nothing closes reaches to the end.
        if end < rest.len() {
            (1, 1, end + 1)
        } else {
            (1, 0, rest.len())
        }
    };
    match rest[0] {
        b'"' => Some(ends(b'"')),
        // A lifetime has no closing quote: 'a, and 'a' is a character.
        b'\'' if rest.get(1) == Some(&b'\\') => Some(ends(b'\'')),
        b'\'' => {
            let character = std::str::from_utf8(&rest[1..rest.len().min(5)])
                .or_else(|error| std::str::from_utf8(&rest[1..1 + error.valid_up_to()]));
            let length = character.ok()?.chars().next()?.len_utf8();
            (rest.get(1 + length) == Some(&b'\'')).then_some((1, 1, length + 2))
        }
        // Not the last letter of a word, but br"...".
        b'r' if !bytes[..at]
            .last()
            .is_some_and(|before| is_word(*before) && *before != b'b') =>
        {
            let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
            if rest.get(1 + hashes) != Some(&b'"') {
                return None;
            }
            let close = [&b"\""[..], &b"#".repeat(hashes)].concat();
            let (open, body) = (2 + hashes, &rest[2 + hashes..]);
            match body.windows(close.len()).position(|window| window == close) {
                Some(length) => Some((open, close.len(), open + length + close.len())),
                None => Some((open, 0, rest.len())),
            }
        }
        _ => None,
    }
}

/// Whether the byte can be part of a Rust identifier.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
