//! What an imported file says joins the spec as if it stood there: a spec in two files is the system that it is in one.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

const HEAD: &str = "evc: 1\nservice: shop\n";

/// Sections that two files can share, each in one file and in two.
const SHARED: [(&str, &str, &str); 6] = [
    (
        "observability: { tracing: false, logs: { level: debug, retention: 30d }, alarms: false }\n",
        "observability: { tracing: false, logs: { level: debug } }\n",
        "observability: { logs: { retention: 30d }, alarms: false }\n",
    ),
    ("observability: { dashboard: false }\n", "observability:\n", "observability: { dashboard: false }\n"),
    ("security: { permissions-boundary: team }\n", "", "security: { permissions-boundary: team }\n"),
    ("tags: { team: shop, stage: dev }\n", "tags: { team: shop }\n", "tags: { team: shop, stage: dev }\n"),
    (
        "overrides:\n  PayFunction: { properties: { MemorySize: 512, Timeout: 20 } }\n  functions.pay.role: { properties: { Path: /shop/ } }\n",
        "overrides:\n  PayFunction: { properties: { MemorySize: 512 } }\n",
        "overrides:\n  PayFunction: { properties: { Timeout: 20 } }\n  functions.pay.role: { properties: { Path: /shop/ } }\n",
    ),
    (
        "conditions: { IsProd: { 'Fn::Equals': [{ Ref: Environment }, prod] } }\nresources:\n  Topic: { type: AWS::SNS::Topic, condition: IsProd }\n",
        "resources: { Topic: { type: AWS::SNS::Topic, condition: IsProd } }\n",
        "conditions: { IsProd: { 'Fn::Equals': [{ Ref: Environment }, prod] } }\n",
    ),
];

#[test]
fn a_spec_in_two_files_is_the_system_that_it_is_in_one() {
    let functions = "functions: { pay: { api: POST /orders } }\n";
    for (whole, first, second) in SHARED {
        let one = [("spec.yaml".to_owned(), format!("{HEAD}{whole}{functions}"))];
        let two = [
            ("spec.yaml".to_owned(), format!("{HEAD}imports: [./other.yaml]\n{first}{functions}")),
            ("other.yaml".to_owned(), second.to_owned()),
        ];
        // Comments name files and lines.
        let template = |files: &[(String, String)]| -> Vec<String> {
            let built = support::build(files);
            let lines = built.get("template.yaml").expect("a template").lines();
            lines.filter(|line| !line.contains(".yaml:")).map(str::to_owned).collect()
        };
        assert_eq!(template(&one), template(&two), "{whole}");
    }
}
