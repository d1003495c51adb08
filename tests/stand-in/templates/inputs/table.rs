    if let Some(rows) = INVOCATION_.input("BINDING_")? {
        let rows: Vec<serde_json::Value> = rows.json()?;
        log::info(format_args!("BINDING_: {} rows", rows.len()));
    }
