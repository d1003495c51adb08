    if let Some(value) = INVOCATION_.input("BINDING_")? {
        log::info(format_args!("BINDING_: {} bytes", value.text().len()));
    }
