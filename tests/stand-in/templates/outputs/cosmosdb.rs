    let VARIABLE_ = serde_json::json!({
        "id": INVOCATION_.id,
        "value": text,
    });
