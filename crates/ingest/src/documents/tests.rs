use super::*;

fn records(text: &str) -> Vec<String> {
    let mut documents = Documents::new(text.as_bytes());
    let mut found = Vec::new();
    while let Some(chunk) = documents.next() {
        assert_eq!(chunk.first_line, found.len() as u64 + 1);
        let mut start = 0;
        for end in chunk.ends {
            found.push(String::from_utf8(chunk.bytes[start..end].to_vec()).unwrap());
            start = end;
        }
    }
    found
}

#[test]
fn records_are_found_in_whatever_they_are_wrapped() {
    let (one, two) = (r#"{"id":1,"lines":[{"a":"}]\"{"}]}"#, "{\n \"id\": 2\n}");
    for text in [
        format!("{{\"checkouts\":[{one},{two}]}}"),
        format!("{{ \"checkouts\" : [ {one} , {two} ] }}\n"),
        format!(
            "{{\"data\":{{\"abandonedCheckouts\":{{\"pageInfo\":{{\"nodes\":[{{}}]}},\"nodes\":[{one},{two}],\
             \"totalCount\":2}}}},\"extensions\":{{\"cost\":{{\"data\":1}}}}}}"
        ),
        format!(
            "{{\"data\":{{\"abandonedCheckouts\":{{\"edges\":[{{\"node\":{one},\"cursor\":\"a]\"}},\
             {{\"node\":{two},\"cursor\":\"b}}\"}}]}}}}}}"
        ),
        format!("[{one},\n{two}]"),
        format!("[{{\"checkouts\":[{one}]}},{{\"checkouts\":[{two}]}}]"),
        format!("{{\"checkouts\":[{one}]}}\n{{\"checkouts\":[]}}\n{{\"checkouts\":[{two}]}}"),
        format!("{one}\n{two}\n"),
        format!("{{\"checkout\":{one}}}{{\"checkout\":{two}}}"),
    ] {
        assert_eq!(records(&text), [one, two], "{text}");
    }
}

#[test]
fn what_is_no_record_is_handed_out_to_be_refused() {
    assert_eq!(records(r#"[1,"a b",{"id":1},null]"#), ["1", "\"a b\"", r#"{"id":1}"#, "null"]);
    assert_eq!(records(r#"{"errors":[{"message":"no"}],"data":null}"#), [r#"{"message":"no"}"#]);
    assert_eq!(records("{}\nnonsense, here\n{\"id\":1}"), ["{}", "nonsense, here", "{\"id\":1}"]);
}

#[test]
fn a_quote_that_is_not_closed_costs_its_record_and_not_those_that_follow() {
    let found = records("{\"checkouts\":[{\"id\":1,\"name\":\"x\n{\"id\":2},\n{\"id\":3}]}");
    assert_eq!(found, ["{\"id\":1,\"name\":\"x", "{\"id\":2}", "{\"id\":3}"]);
}

#[test]
fn a_document_that_is_cut_short_says_so() {
    let within = r#"{"checkouts":[{"id":1},{"id":2,"na"#;
    assert_eq!(records(within), [r#"{"id":1}"#, r#"{"id":2,"na"#]);
    let mut between = Documents::new(&br#"{"checkouts":[{"id":1},"#[..]);
    while between.next().is_some() {}
    let (record, error) = between.failure().unwrap();
    assert_eq!((record, error.to_string().as_str()), (2, "a list or object is never closed"));
    assert!(between.next().is_none() && between.failure().is_none());
    let mut whole = Documents::new(&br#"{"checkouts":[]}"#[..]);
    assert!(whole.next().is_none() && whole.failure().is_none());
}

#[test]
fn many_records_on_one_line_come_in_several_chunks() {
    let one = format!("{{\"id\":1,\"name\":\"{}\"}}", "x".repeat(1_000));
    let text = format!("{{\"checkouts\":[{}]}}", vec![one.as_str(); 3_000].join(","));
    let found = records(&text);
    assert!(found.len() == 3_000 && found.iter().all(|record| *record == one));
    let mut documents = Documents::new(text.as_bytes());
    assert!(documents.next().unwrap().bytes.len() < 2 * CHUNK);
}

#[test]
fn a_record_without_end_is_cut_into_pieces() {
    let text = format!("{{\"id\":\"{}", "x".repeat(2 * LONGEST_RECORD + 10));
    assert!(records(&text).iter().all(|record| record.len() <= LONGEST_RECORD + 1));
    assert_eq!(records(&text).concat(), text);
}
