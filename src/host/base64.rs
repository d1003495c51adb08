//! Base64 (RFC 4648, standard alphabet, padded), the form in which the host carries bytes in JSON.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn text(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    encode(bytes, &mut text);
    // Base64 is ASCII.
    String::from_utf8(text).unwrap_or_default()
}

/// Appends the base64 text of `bytes`.
pub fn encode(bytes: &[u8], text: &mut Vec<u8>) {
    let letters = |[a, b, c]: [u8; 3]| {
        let bits = u32::from_be_bytes([0, a, b, c]);
        let letter = |shift: u32| ALPHABET[(bits >> shift & 63) as usize];
        [letter(18), letter(12), letter(6), letter(0)]
    };
    // What is not written over is the padding.
    let start = text.len();
    text.resize(start + bytes.len().div_ceil(3) * 4, b'=');
    let (groups, rest) = bytes.as_chunks();
    let (fours, _) = text[start..].as_chunks_mut();
    for (four, group) in fours.iter_mut().zip(groups) {
        *four = letters(*group);
    }
    if let ([a, b @ ..], Some(four)) = (rest, fours.last_mut()) {
        let last = letters([*a, b.first().copied().unwrap_or_default(), 0]);
        four[..rest.len() + 1].copy_from_slice(&last[..rest.len() + 1]);
    }
}

/// The bytes that `text` stands for, by the rules of .NET's `Convert.TryFromBase64String`, as the
/// host decides: space, tab, CR and LF are ignored, the rest is groups of four with at most two `=`
/// at the end, and bits left over in the last group are dropped.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut sextets, mut padding) = (0u32, 0, 0);
    for byte in text.bytes() {
        match MEANING[usize::from(byte)] {
            sextet @ 0..64 if padding == 0 => {
                bits = bits << 6 | u32::from(sextet);
                sextets += 1;
                if sextets % 4 == 0 {
                    bytes.extend(&bits.to_be_bytes()[1..]);
                }
            }
            PADDING => padding += 1,
            SPACE => {}
            _ => return None,
        }
    }
    match (sextets % 4, padding) {
        (0, 0) => {}
        (2, 2) => bytes.push((bits >> 4) as u8),
        (3, 1) => bytes.extend([(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => return None,
    }
    Some(bytes)
}

/// Whether `text` is base64, by the rules of [`decode`].
pub fn is_base64(text: &str) -> bool {
    // Whole groups of letters need not be decoded.
    let is_letter = |byte: &u8| MEANING[usize::from(*byte)] < PADDING;
    let letters = text.bytes().take_while(is_letter).count();
    decode(&text[letters - letters % 4..]).is_some()
}

/// What a byte means: a number from 0 to 63, or one of the three below.
const MEANING: [u8; 256] = {
    let mut meaning = [NOTHING; 256];
    let mut sextet = 0;
    while sextet < 64 {
        meaning[ALPHABET[sextet] as usize] = sextet as u8;
        sextet += 1;
    }
    meaning[b'=' as usize] = PADDING;
    meaning[b' ' as usize] = SPACE;
    meaning[b'\t' as usize] = SPACE;
    meaning[b'\r' as usize] = SPACE;
    meaning[b'\n' as usize] = SPACE;
    meaning
};
const PADDING: u8 = 64;
const SPACE: u8 = 65;
const NOTHING: u8 = 66;
