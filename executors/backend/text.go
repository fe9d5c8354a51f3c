package backend

import "strings"

// maxText is how much of a server's words an error repeats.
const maxText = 400

// Told is what a server said, as an error may repeat it: one line of bounded length, without the secrets.
func Told(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "(hidden)")
		}
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	return text
}
