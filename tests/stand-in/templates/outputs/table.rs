    let VARIABLE_ = serde_json::json!({
        "PartitionKey": "NAME_",
        "RowKey": INVOCATION_.id,
        "Value": text,
    });
