//! Words that are one or two letters away from another one.

/// The known word that this one is a slip of, in any case: one letter is wrong in a short word, two
/// in one of eight letters, three in one of twenty. `None` if the word is known itself.
pub fn near<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let mut meant: Option<(usize, &str)> = None;
    for known in known {
        let other = known.to_ascii_lowercase();
        let most = match other.len() {
            0..4 => 0,
            4..8 => 1,
            8..20 => 2,
            _ => 3,
        };
        // Letters that are put in, taken out, changed, or swapped with their neighbour.
        match strsim::osa_distance(&word, &other) {
            0 => return None,
            far if far <= most && meant.is_none_or(|(least, _)| far < least) => {
                meant = Some((far, known));
            }
            _ => {}
        }
    }
    meant.map(|(_, known)| known)
}
