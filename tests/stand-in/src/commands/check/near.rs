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
        match distance(word.as_bytes(), other.as_bytes()) {
            0 => return None,
            far if far <= most && meant.is_none_or(|(least, _)| far < least) => {
                meant = Some((far, known));
            }
            _ => {}
        }
    }
    meant.map(|(_, known)| known)
}

/// How many letters have to be put in, taken out, changed or swapped with their neighbour to make
/// one word of the other.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            let swapped = if is_swap {
                rows[i - 2][j - 2] + 1
            } else {
                usize::MAX
            };
            let least = changed
                .min(swapped)
                .min(rows[i - 1][j] + 1)
                .min(row[j - 1] + 1);
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
