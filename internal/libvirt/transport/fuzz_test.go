package transport

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// An accepted URI is written as one that is read as the same; no error and no text has the password in it; and what ssh is given is a
// host, never an option.
func FuzzURIs(f *testing.F) {
	const password = "geheim-4711"
	for uri := range goodURIs {
		f.Add(uri)
	}
	for uri := range badURIs {
		f.Add(uri)
	}
	for _, uri := range []string{
		"qemu+libssh://root:12/PASSWORD@h/system", "qemu+libssh:///root:PASSWORD@h/system", "qemu+libssh://root:1?PASSWORD@h/system",
		"qemu+libssh://root:PASSWORD@h/system", "qemu+unix://root:PASSWORD@h/system",
		"qemu+ssh://-oProxyCommand=x/system", "qemu+ssh://-l@h/system", "qemu+ssh://root:PASSWORD@h/system?sshauth=x",
	} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ReplaceAll(text, "PASSWORD", password)
		// What follows an @ is the host, and what is in a parameter on purpose is no password.
		secret := strings.Count(text, password) == 1 && (strings.Contains(text, ":"+password+"@") ||
			strings.Contains(text, ":1?"+password+"@") || strings.Contains(text, ":12/"+password+"@"))
		e, err := Parse(text)
		if err != nil {
			if secret && strings.Contains(err.Error(), password) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if secret && strings.Contains(e.String(), password) {
			t.Errorf("%q: the password is in %s", text, e)
		}
		again, err := Parse(e.uri.String())
		if err != nil || again.transport != e.transport || again.Driver != e.Driver || again.Plaintext != e.Plaintext ||
			!reflect.DeepEqual(again.query, e.query) {
			t.Errorf("%q is %+v, and as %s %+v, %v", text, e, e.uri, again, err)
		}
		if e.Plaintext != (e.transport == "tcp" && !loopback(e.uri.Hostname())) || !slices.Contains(transports, e.transport) {
			t.Errorf("%q: %+v", text, e)
		}
		if args := e.sshArgs(t.Context()); len(args) < 2 || args[len(args)-2] != "--" || args[len(args)-1] != e.uri.Hostname() {
			t.Errorf("%q: %q", text, args)
		}
	})
}

// A word for the shell is read back as it was, and nothing of it is outside of quotes.
func FuzzQuote(f *testing.F) {
	for _, text := range []string{"", "/run/x", "it's", "'; rm -rf / #", `\'`, "$(id)`id`", "a\nb"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var read strings.Builder
		rest := problem.Quote(text)
		for rest != "" {
			if escaped, ok := strings.CutPrefix(rest, `"'"`); ok {
				read.WriteByte('\'')
				rest = escaped
				continue
			}
			inner, opened := strings.CutPrefix(rest, "'")
			content, after, closed := strings.Cut(inner, "'")
			if !opened || !closed {
				t.Fatalf("%q is written as %q", text, problem.Quote(text))
			}
			read.WriteString(content)
			rest = after
		}
		if read.String() != text {
			t.Errorf("%q is read as %q", text, read.String())
		}
	})
}
