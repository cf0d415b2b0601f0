//! Tokens of callers: those that an issuer signed whose keys are known, and those that the local system makes itself.
//!
//! HTTP APIs take RSA signatures alone: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>. REST APIs
//! take those that their authorizer names; `ES512` is not verified here, and so lets nobody in.
//! A token that the local system makes has an HMAC of a key that only this run knows.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{hmac, signature};
use serde_json::{Map, Value, json};

/// The algorithms that HTTP APIs take.
pub(crate) const RSA: [&str; 3] = ["RS256", "RS384", "RS512"];

/// The keys of issuers, and the system's own.
pub struct Issuers {
    /// Key sets (RFC 7517) by the issuer's URL.
    sets: HashMap<String, Value>,
    own: hmac::Key,
}

/// Without keys.
impl std::fmt::Debug for Issuers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuers").field("issuers", &self.sets.keys()).finish_non_exhaustive()
    }
}

impl Issuers {
    /// No issuer yet. The system's own key is made of these bytes, which nobody else knows.
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self { sets: HashMap::new(), own: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// Says with which keys an issuer signs: a key set, as its `jwks_uri` gives it.
    pub fn set(&mut self, issuer: &str, keys: Value) {
        self.sets.insert(issuer.to_owned(), keys);
    }

    /// A token with these claims, signed by the system itself.
    pub fn make(&self, claims: &Map<String, Value>) -> String {
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed =
            format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT", "kid": "local" })), part(&json!(claims)));
        let tag = hmac::sign(&self.own, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// The claims of a token whose signature is right, and of one of these algorithms.
    pub(crate) fn claims(&self, token: &str, issuer: &str, algorithms: &[String]) -> Option<Map<String, Value>> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let json = |part: &str| serde_json::from_slice::<Map<String, Value>>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let (head, signature) = (json(head)?, URL_SAFE_NO_PAD.decode(signature).ok()?);
        let text = |name: &str| head.get(name).and_then(Value::as_str);
        let right = match text("alg")? {
            "HS256" if text("kid") == Some("local") => hmac::verify(&self.own, signed.as_bytes(), &signature).is_ok(),
            algorithm if !algorithms.iter().any(|allowed| allowed == algorithm) => false,
            algorithm => self.of_issuer(issuer, text("kid"), algorithm, signed, &signature),
        };
        right.then(|| json(claims)).flatten()
    }

    fn of_issuer(&self, issuer: &str, kid: Option<&str>, algorithm: &str, signed: &str, signature: &[u8]) -> bool {
        let keys = self.sets.get(issuer).and_then(|set| set.get("keys")).and_then(Value::as_array);
        keys.into_iter().flatten().filter(|key| key.get("kid").and_then(Value::as_str) == kid).any(|key| {
            let number = |name: &str| URL_SAFE_NO_PAD.decode(key.get(name)?.as_str()?).ok();
            let of_curve = |curve: &'static signature::EcdsaVerificationAlgorithm| {
                let (Some(x), Some(y)) = (number("x"), number("y")) else { return false };
                // An uncompressed point: https://www.secg.org/sec1-v2.pdf, 2.3.3
                let point = [&[4][..], &x, &y].concat();
                signature::UnparsedPublicKey::new(curve, point).verify(signed.as_bytes(), signature).is_ok()
            };
            let of_rsa = |parameters: &'static signature::RsaParameters| {
                let (Some(n), Some(e)) = (number("n"), number("e")) else { return false };
                let key = signature::RsaPublicKeyComponents { n: &n, e: &e };
                key.verify(parameters, signed.as_bytes(), signature).is_ok()
            };
            match algorithm {
                "RS256" => of_rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
                "RS384" => of_rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
                "RS512" => of_rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
                "ES256" => of_curve(&signature::ECDSA_P256_SHA256_FIXED),
                "ES384" => of_curve(&signature::ECDSA_P384_SHA384_FIXED),
                _ => false,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rsa() -> Vec<String> {
        RSA.map(str::to_owned).to_vec()
    }

    /// The example of RFC 7515, appendix A.3.
    #[test]
    fn a_signature_of_a_curve_is_verified_where_its_algorithm_is_taken() {
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let mut issuers = Issuers::new(b"key");
        let key = json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
        issuers.set("joe", json!({ "keys": [key] }));
        let claims = issuers.claims(token, "joe", &["ES256".to_owned()]).expect("its claims");
        assert_eq!(claims["iss"], "joe");
        assert_eq!(issuers.claims(token, "joe", &rsa()), None);
        assert_eq!(issuers.claims(&token.replace("DtEh", "DtEi"), "joe", &["ES256".to_owned()]), None);
    }

    /// The example of RFC 7515, appendix A.2.
    #[test]
    fn a_signature_of_an_issuer_is_verified() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        let mut issuers = Issuers::new(b"key");
        assert_eq!(issuers.claims(token, "joe", &rsa()), None, "nobody knows its keys");
        let key = json!({ "kty": "RSA", "e": "AQAB",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ" });
        issuers.set("joe", json!({ "keys": [key] }));
        let claims = issuers.claims(token, "joe", &rsa()).expect("its claims");
        assert_eq!(claims["iss"], "joe");
        assert_eq!(issuers.claims(&token.replace("cC4hi", "cC4hj"), "joe", &rsa()), None);
        assert_eq!(issuers.claims(token, "jane", &rsa()), None);
    }

    #[test]
    fn the_systems_own_tokens_are_of_one_run() {
        let claims = Map::from_iter([("sub".to_owned(), json!("kim"))]);
        let (issuers, others) = (Issuers::new(b"one"), Issuers::new(b"two"));
        let token = issuers.make(&claims);
        assert_eq!(issuers.claims(&token, "any", &rsa()), Some(claims));
        assert_eq!(others.claims(&token, "any", &rsa()), None);
        let (_, rest) = token.split_once('.').expect("three parts");
        let unsigned = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
        assert_eq!(issuers.claims(&unsigned, "any", &rsa()), None);
    }
}
