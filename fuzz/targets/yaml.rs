//! Values that are read are printed so that they are read again; a render of any kustomization and resource ends, and what it
//! prints is YAML.
#![no_main]

use std::path::Path;

use k8s_render::yaml::{Dialect, parse, parse_as, to_yaml};
use k8s_render::{Memory, RenderOptions, Source, render};
use libfuzzer_sys::fuzz_target;

const RESOURCE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {app: web}}\nspec: {ports: [{port: 80}]}\n";

fn source(text: &str) -> Source {
    Source::new("fuzz.yaml", text.into())
}

fn renders(kustomization: &str, resource: &str) {
    let files = Memory::from_iter([("app/kustomization.yaml", kustomization), ("app/one.yaml", resource)]);
    if let Ok(rendered) = render(&files, Path::new("app"), &RenderOptions::default()) {
        let text = rendered.to_yaml();
        let (documents, findings) = parse(&source(&text));
        assert!(findings.is_empty(), "{findings:?}\n{text}");
        assert_eq!(to_yaml(&documents), text);
    }
}

fuzz_target!(|text: &str| {
    for dialect in [Dialect::Resource, Dialect::Configuration] {
        let (documents, _) = parse_as(&source(text), dialect);
        for document in &documents {
            let printed = to_yaml([document]);
            let (again, findings) = parse(&source(&printed));
            assert!(findings.is_empty(), "{findings:?}\n{printed}");
            assert_eq!(again, [document.clone()], "{printed}");
        }
    }
    renders(text, RESOURCE);
    renders("resources: [one.yaml]\nnamePrefix: a-\nlabels: [{pairs: {b: c}, includeSelectors: true}]\n", text);
});
