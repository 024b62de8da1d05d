package libvirt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestURIs(t *testing.T) {
	for uri, want := range map[string]endpoint{
		"qemu:///system": {transport: "unix", driver: "qemu:///system"},
		"qemu+unix:///session?socket=/run/x/libvirt-sock":                                       {transport: "unix", driver: "qemu:///session"},
		"qemu:///system?mode=auto":                                                              {transport: "unix", driver: "qemu:///system"},
		"qemu://kvm1.example.net/system":                                                        {transport: "tls", driver: "qemu:///system"},
		"qemu+tls://kvm1.example.net:1/system?no_verify=0":                                      {transport: "tls", driver: "qemu:///system"},
		"qemu+tcp://kvm1.example.net/system":                                                    {transport: "tcp", driver: "qemu:///system", plaintext: true},
		"qemu+tcp://127.0.0.1/system":                                                           {transport: "tcp", driver: "qemu:///system"},
		"qemu+tcp://[::1]:16509/system":                                                         {transport: "tcp", driver: "qemu:///system"},
		"qemu+tcp://localhost/system":                                                           {transport: "tcp", driver: "qemu:///system"},
		"qemu+tcp://192.0.2.1/system":                                                           {transport: "tcp", driver: "qemu:///system", plaintext: true},
		"qemu+ssh://root@kvm1.example.net/system":                                               {transport: "ssh", driver: "qemu:///system"},
		"qemu+ssh://kvm1.example.net/session?socket=/run/x":                                     {transport: "ssh", driver: "qemu:///session"},
		"qemu+ssh://root@[2001:db8::1]:2222/system?keyfile=/x&proxy=native&no_tty=1":            {transport: "ssh", driver: "qemu:///system"},
		"qemu+libssh2://root:geheim@kvm1.example.net/session":                                   {transport: "libssh2", driver: "qemu:///session"},
		"qemu+libssh://kvm1.example.net/system?known_hosts_verify=ignore&sshauth=agent,privkey": {transport: "libssh", driver: "qemu:///system"},
	} {
		got, err := parseURI(uri)
		if err != nil {
			t.Errorf("%s: %v", uri, err)
			continue
		}
		if got.transport != want.transport || got.driver != want.driver || got.plaintext != want.plaintext || got.display != strings.ReplaceAll(uri, "geheim", "xxxxx") {
			t.Errorf("%s: %+v", uri, got)
		}
	}
}

func TestBadURIs(t *testing.T) {
	for uri, words := range map[string]string{
		"":                                                  "it is empty",
		"kvm1.example.net":                                  "only the QEMU driver",
		"xen:///system":                                     "only the QEMU driver",
		"qemu+ext:///system":                                `transport "ext" is not supported`,
		"qemu:///":                                          "has to be /system or /session",
		"qemu+unix://kvm1.example.net/system":               "three slashes",
		"qemu+ssh:///system":                                "needs a host name",
		"qemu:///system?mode=direct":                        "mode=direct is not supported",
		"qemu:///system?mode=sideways":                      "unknown to libvirt",
		"qemu:///system?sockt=/x":                           `no parameter "sockt"`,
		"qemu:///system?socket=/x&socket=/y":                "more than once",
		"qemu+tls://h/system?no_verify=yes":                 "is not a number",
		"qemu+ssh://root:geheim@h/system":                   "takes no password",
		"qemu+ssh://h/system?proxy=magic":                   "proxy=magic",
		"qemu+ssh://h/system?proxy=native&socket=/x":        "finds the socket by itself",
		"qemu+ssh://h/system?sshauth=agent":                 `no parameter "sshauth"`,
		"qemu+libssh://h/system?sshauth=magic":              `"magic"`,
		"qemu+libssh://h/system?known_hosts_verify=perhaps": "normal, auto and ignore",
		"qemu+ssh://root:geheim@h:port/system":              "well-formed",
	} {
		_, err := NewHost(Config{Label: "kvm1", URI: uri})
		wants(t, err, problem.Invalid, words, `"kvm1"`, "qemu+ssh://root@kvm1.example.net/system")
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Error("the password is in the error")
		}
	}
	_, err := NewHost(Config{Label: "kvm1", URI: "qemu:///system", HostUUID: "abc"})
	wants(t, err, problem.Invalid, `"abc"`, "virsh capabilities")
}

func TestThePasswordStaysInside(t *testing.T) {
	h, err := NewHost(Config{Label: "kvm1", URI: "qemu+libssh://root:geheim@kvm1.example.net/system"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(h.URI(), "geheim") || strings.Contains(h.name(), "geheim") {
		t.Error(h.URI())
	}
}

func TestTheLocalSocketIsLookedFor(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	end, err := parseURI("qemu:///session")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "libvirt")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ made, want string }{
		{"", "libvirt-sock"}, {"virtqemud-sock", "virtqemud-sock"}, {"libvirt-sock", "libvirt-sock"},
	} {
		if step.made != "" {
			if err := os.WriteFile(filepath.Join(folder, step.made), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := end.localSocket(); got != filepath.Join(folder, step.want) {
			t.Errorf("after %q: %s", step.made, got)
		}
	}
}

func TestNoKeyOverAnOpenNetwork(t *testing.T) {
	h := host(t, Config{URI: "qemu+tcp://192.0.2.1/system"})
	err := h.SetSecretValue(t.Context(), fakeHostUUID, []byte("geheim"))
	wants(t, err, problem.Refused, "tcp without TLS", "allow_plaintext", "192.0.2.1")
	if strings.Contains(err.Error(), "geheim") {
		t.Error("the key is in the error")
	}
	if !host(t, Config{URI: "qemu+tcp://192.0.2.1/system"}).keepsKeysBack() ||
		host(t, Config{URI: "qemu+tcp://192.0.2.1/system", AllowPlaintext: true}).keepsKeysBack() ||
		host(t, Config{URI: "qemu+tls://192.0.2.1/system"}).keepsKeysBack() {
		t.Error("the rule is not what it should be")
	}
}
