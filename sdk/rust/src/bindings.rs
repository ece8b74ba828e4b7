//! What `wit-bindgen` makes of the contract. Nothing of it but the plain types is seen outside. The world is the wrapper's,
//! which has all of a plugin's: what a component does not use, it does not import.

wit_bindgen::generate!({
    path: "wit",
    world: "wrapper",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    export_macro_name: "export_everything",
});
