    let VARIABLE_ = serde_json::json!({
        "specversion": "1.0",
        "id": INVOCATION_.id,
        "source": "/NAME_",
        "type": "NAME_",
        "data": text,
    });
