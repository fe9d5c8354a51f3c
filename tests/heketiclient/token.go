package heketiclient

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"time"
)

// Token signs one request the way the client's style does.
func (c *Client) Token(method, path string) string {
	now := time.Now()
	return Sign("HS256", c.Key, map[string]any{
		"iss": c.Issuer, "iat": now.Unix(), "exp": now.Truncate(time.Second).Add(c.Style.lifetime).Unix(), "qsh": QSH(method, path),
	})
}

// QSH is the claim that binds a token to a method and a path without its query.
func QSH(method, path string) string {
	sum := sha256.Sum256([]byte(method + "&" + path))
	return hex.EncodeToString(sum[:])
}

// Sign makes a token with any claims. An algorithm that is no HMAC gets an empty signature.
func Sign(alg, key string, claims map[string]any) string {
	text := segment(map[string]any{"alg": alg, "typ": "JWT"}) + "." + segment(claims)
	var mac hash.Hash
	switch alg {
	case "HS256":
		mac = hmac.New(sha256.New, []byte(key))
	case "HS384":
		mac = hmac.New(sha512.New384, []byte(key))
	case "HS512":
		mac = hmac.New(sha512.New, []byte(key))
	default:
		return text + "."
	}
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func segment(v map[string]any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // claims are numbers and texts
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
