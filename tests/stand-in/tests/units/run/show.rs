use stand_in::run::show::beginning;

#[test]
fn a_long_value_is_cut_where_the_line_ends() {
    let long = "\u{2615}".repeat(100);
    assert_eq!(beginning(&long, None), long);
    assert_eq!(beginning(&long, Some(100)), long);
    let cut = beginning(&long, Some(60));
    assert_eq!(cut, format!("{}... (300 bytes)", "\u{2615}".repeat(45)));
    assert_eq!(cut.chars().count(), 60);
    assert_eq!(beginning("four", Some(3)), "... (4 bytes)");
}
