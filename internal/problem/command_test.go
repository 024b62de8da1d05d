package problem

import "testing"

func TestWord(t *testing.T) {
	for text, want := range map[string]string{
		"guest": "guest", "kvm1/web-1.example_a/vdb": "kvm1/web-1.example_a/vdb", "client.libvirt": "client.libvirt", "größe": "größe",
		"Windows Server": "'Windows Server'", "a b$(id)": "'a b$(id)'", "it's": `'it'"'"'s'`, "a;b": "'a;b'", "`id`": "'`id`'", "*": "'*'",
		`a\b`: `'a\b'`, "": "''",
	} {
		if got := Word(text); got != want {
			t.Errorf("%q is written as %s, want %s", text, got, want)
		}
	}
}
