package libvirt

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// goodURIs are taken here and by libvirt's own client, which ignores what a transport has no use for.
var goodURIs = map[string]endpoint{
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
	"qemu:///system?sshauth=privkey&known_hosts_verify=ignore&no_sanity=1":                  {transport: "unix", driver: "qemu:///system"},

	"qemu:///system?command=ssh&keyfile=/x&known_hosts=/x&netcat=nc&pkipath=/x&proxy=native&tls_priority=NORMAL":       {transport: "unix", driver: "qemu:///system"},
	"qemu:///system?no_tty=1&no_verify=1&auth=polkit&authfile=/x&name=qemu:///session":                                 {transport: "unix", driver: "qemu:///session"},
	"qemu+ssh://root@192.0.2.1/system?sshauth=privkey&known_hosts_verify=ignore&no_sanity=1":                           {transport: "ssh", driver: "qemu:///system"},
	"qemu+ssh://root@192.0.2.1/system?sshauth=anything&known_hosts_verify=perhaps&known_hosts=/x&pkipath=/x&mode=auto": {transport: "ssh", driver: "qemu:///system"},
	"qemu+libssh://192.0.2.1/system?no_verify=1&no_tty=1&command=ssh&no_sanity=1&pkipath=/x&tls_priority=NORMAL":       {transport: "libssh", driver: "qemu:///system"},
	"qemu+libssh2://192.0.2.1/system?no_verify=1&sshauth=AGENT":                                                        {transport: "libssh2", driver: "qemu:///system"},
	"qemu+tls://192.0.2.1/system?no_sanity=1&keyfile=/x&known_hosts_verify=perhaps&sshauth=magic&mode=direct":          {transport: "tls", driver: "qemu:///system"},
	"qemu+tls://192.0.2.1/system?socket=/x&proxy=native&netcat=nc&command=ssh&no_tty=0":                                {transport: "tls", driver: "qemu:///system"},
	"qemu+tcp://127.0.0.1/system?no_verify=1&socket=/x&proxy=native&pkipath=/x&mode=legacy&tls_priority=NORMAL":        {transport: "tcp", driver: "qemu:///system"},
}

func TestURIs(t *testing.T) {
	for uri, want := range goodURIs {
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

// badURIs are refused, with these words.
var badURIs = map[string]string{
	"":                                                  "it is empty",
	"kvm1.example.net":                                  "only the QEMU driver",
	"xen:///system":                                     "only the QEMU driver",
	"qemu+ext:///system":                                `transport "ext" is not supported`,
	"qemu:///":                                          "has to be /system or /session",
	"qemu+unix://kvm1.example.net/system":               "three slashes",
	"qemu+ssh:///system":                                "needs a host name",
	"qemu:///system?mode=direct":                        "mode=direct is not supported",
	"qemu:///system?mode=sideways":                      "unknown to libvirt",
	"qemu:///system?sockt=/x":                           `libvirt has no parameter "sockt"`,
	"qemu:///system?socket=/x&socket=/y":                "more than once",
	"qemu+tls://h/system?no_verify=yes":                 "is not a number",
	"qemu+ssh://root:geheim@h/system":                   "takes no password",
	"qemu+ssh://h/system?proxy=magic":                   "proxy=magic",
	"qemu+ssh://h/system?proxy=native&socket=/x":        "finds the socket by itself",
	"qemu+libssh://h/system?sshauth=magic":              `"magic"`,
	"qemu+libssh://h/system?known_hosts_verify=perhaps": "normal, auto and ignore",
	"qemu+ssh://root:geheim@h:port/system":              "well-formed",
	"qemu:///system?no_verify=yes":                      "is not a number",
	"qemu+tcp://h/system?no_sanity=":                    "is not a number",
	"qemu+ssh://h/system?no_tty=never":                  "is not a number",
	"qemu+tcp://h/system?mode=":                         "unknown to libvirt",
	"qemu:///system?proxy=magic":                        "proxy=magic",
	"qemu+ssh://h/system?mode=direct":                   "mode=direct is not supported",
	"qemu+tls://h/system?tls_priority=NORMAL":           "tls_priority is not supported",
	"qemu+tls://h/system?auth=sasl.gssapi":              "auth=sasl.gssapi is not supported",
}

// refusedHereOnly are those bad URIs that libvirt's own client takes: it supports more, or notices only later, or not at all.
var refusedHereOnly = []string{
	"", "kvm1.example.net", "xen:///system", "qemu+ext:///system", "qemu:///", "qemu+unix://kvm1.example.net/system", "qemu+ssh:///system",
	"qemu:///system?mode=direct", "qemu+ssh://h/system?mode=direct", "qemu:///system?sockt=/x", "qemu:///system?socket=/x&socket=/y",
	"qemu+ssh://root:geheim@h/system", "qemu+ssh://root:geheim@h:port/system", "qemu+ssh://h/system?proxy=native&socket=/x",
	"qemu+libssh://h/system?sshauth=magic", "qemu+libssh://h/system?known_hosts_verify=perhaps",
	"qemu+tls://h/system?tls_priority=NORMAL", "qemu+tls://h/system?auth=sasl.gssapi",
}

func TestBadURIs(t *testing.T) {
	for uri, words := range badURIs {
		_, err := NewHost(Config{Label: "kvm1", URI: uri})
		wants(t, err, problem.Invalid, words, `"kvm1"`, "qemu+ssh://root@kvm1.example.net/system")
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Error("the password is in the error")
		}
	}
	_, err := NewHost(Config{URI: "qemu:///nowhere"})
	wants(t, err, problem.Invalid, "The uri can't be used.")
	_, err = NewHost(Config{Label: "kvm1", URI: "qemu:///system", HostUUID: "abc"})
	wants(t, err, problem.Invalid, `"abc"`, "virsh capabilities")
}

// What libvirt's own client takes is taken here. virsh calls an argument invalid before it looks for a daemon, and there is none
// where it is sent.
func TestAccURIsAsVirshTakesThem(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: virsh is not started")
	}
	address := regexp.MustCompile(`//[^/]+/`)
	refuses := func(uri string) bool {
		uri = address.ReplaceAllString(uri, "//127.0.0.1:1/")
		if strings.Contains(uri, ":///") {
			uri += map[bool]string{true: "&", false: "?"}[strings.Contains(uri, "?")] + "socket=/nonexistent"
		}
		out, err := exec.CommandContext(t.Context(), "virsh", "-c", uri, "uri").CombinedOutput()
		if err == nil {
			t.Errorf("%s: virsh found a daemon", uri)
		}
		return strings.Contains(string(out), "invalid argument")
	}
	for uri := range goodURIs {
		if refuses(uri) {
			t.Errorf("virsh refuses %s", uri)
		}
	}
	for uri := range badURIs {
		if !slices.Contains(refusedHereOnly, uri) && !refuses(uri) {
			t.Errorf("virsh takes %s", uri)
		}
	}
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
