//! What `wit-bindgen` makes of the contract. Nothing of it but the plain types is seen outside.

wit_bindgen::generate!({
    path: "wit",
    world: "plugin",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    export_macro_name: "export_everything",
});
