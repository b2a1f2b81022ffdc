//! Signatures, made by the standard library's `webhook` and verified by an inbox.

use crate::support::reading::{Reading, run_of};

#[test]
fn a_delivery_of_each_service_is_taken_and_a_forged_one_is_not() {
    let output = run_of(
        r#"
        import "std/webhook" as webhook;
        fn iteration() {
            let payload = #{ text: "Grüße" };
            let deliveries = #{
                github: webhook::github("s", "push", payload),
                whatsapp: webhook::whatsapp("s", payload),
                stripe: webhook::stripe("s", payload),
                slack: webhook::slack("s", payload),
                hmac: webhook::hmac("s", payload, "X-Signature", "v1="),
            };
            for scheme in deliveries.keys() {
                let how = #{ scheme: scheme, secret: "s" };
                if scheme == "hmac" { how += #{ header: "x-signature", prefix: "v1=" }; }
                let delivery = deliveries[scheme];
                let inbox = hooks::inbox(#{ verify: how });
                webhook::refused(inbox.url, webhook::forged(delivery));
                webhook::refused(inbox.url, webhook::tampered(delivery));
                webhook::refused(inbox.url, webhook::unsigned(delivery));
                webhook::accepted(inbox.url, delivery);
                let got = inbox.wait("1s");
                check(got != () && got.json("text") == "Grüße" && inbox.refused.len == 3, "taken", scheme);
                check(got.verified(how) && !got.verified(how + #{ secret: "t" }), "asked of the call", scheme);
            }
            let inbox = hooks::inbox();
            inbox.verify(#{ scheme: "stripe", secret: "s" });
            webhook::refused(inbox.url, webhook::stripe("s", payload, "10m"));
            check(inbox.refused[0].error == "the signature is too old", "too old");
            inbox.verify(#{ scheme: "stripe", secret: "s", tolerance: "1h" });
            webhook::accepted(inbox.url, webhook::stripe("s", payload, "10m"));
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert!(
        output.checks().values().all(|(_, fails)| *fails == 0),
        "{output}"
    );
    assert_eq!(output.count("webhook_bad_signature"), 16);
}
