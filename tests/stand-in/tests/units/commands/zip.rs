use stand_in::commands::zip::{Zip, crc32};

#[test]
fn the_checksum_is_that_of_zips() {
    // The check value of CRC-32/ISO-HDLC, and the sum of nothing.
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    assert_eq!(crc32(b""), 0);
}

#[test]
fn a_zip_is_written_as_the_format_has_it() {
    let mut bytes = Vec::new();
    let mut zip = Zip::new(&mut bytes);
    zip.add("handler", 0o755, b"123456789").unwrap();
    zip.add("ä/b.json", 0o644, b"").unwrap();
    let size_of_zip = zip.finish().unwrap();
    let mut expected = Vec::new();
    let head = |sum: &[u8; 4], size: u8, name: &str| {
        let mut head = b"\x14\0\0\x08\0\0\0\0\x21\0".to_vec();
        head.extend(sum);
        head.extend([size, 0, 0, 0, size, 0, 0, 0, name.len() as u8, 0, 0, 0]);
        head
    };
    let (one, two) = (
        head(b"\x26\x39\xf4\xcb", 9, "handler"),
        head(&[0; 4], 0, "ä/b.json"),
    );
    expected.extend([b"PK\x03\x04", &one[..], b"handler123456789"].concat());
    let second = expected.len() as u8;
    expected.extend([b"PK\x03\x04", &two[..], "ä/b.json".as_bytes()].concat());
    let directory = expected.len() as u8;
    // The mode of a regular file in the upper half of the attributes, then the place.
    expected.extend(
        [
            b"PK\x01\x02\x14\x03",
            &one[..],
            &[0; 6],
            b"\0\0\xed\x81\0\0\0\0handler",
        ]
        .concat(),
    );
    expected.extend([b"PK\x01\x02\x14\x03", &two[..], &[0; 6], b"\0\0\xa4\x81"].concat());
    expected.extend([&[second, 0, 0, 0], "ä/b.json".as_bytes()].concat());
    let size = expected.len() as u8 - directory;
    expected.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    expected.extend([size, 0, 0, 0, directory, 0, 0, 0, 0, 0]);
    assert_eq!(bytes, expected);
    assert_eq!(size_of_zip as usize, expected.len());
}

#[test]
fn what_no_zip_holds_is_an_error() {
    let mut zip = Zip::new(std::io::sink());
    let error = zip.add(&"x".repeat(65_536), 0o644, b"").unwrap_err();
    assert!(error.to_string().contains("65,535 bytes"), "{error}");
    for _ in 0..65_535 {
        zip.add("x", 0o644, b"").unwrap();
    }
    let error = zip.add("x", 0o644, b"").unwrap_err();
    assert!(error.to_string().contains("65,535 files"), "{error}");
}
