package transport

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// goodURIs are taken here and by libvirt's own client, which ignores what a transport has no use for.
var goodURIs = map[string]Endpoint{
	"qemu:///system": {transport: "unix", Driver: "qemu:///system"},

	"qemu+unix:///session?socket=/run/x/libvirt-sock":  {transport: "unix", Driver: "qemu:///session"},
	"qemu:///system?mode=auto":                         {transport: "unix", Driver: "qemu:///system"},
	"qemu://kvm1.example.net/system":                   {transport: "tls", Driver: "qemu:///system"},
	"qemu+tls://kvm1.example.net:1/system?no_verify=0": {transport: "tls", Driver: "qemu:///system"},
	"qemu+tcp://kvm1.example.net/system": {
		transport: "tcp", Driver: "qemu:///system", Plaintext: true,
	},
	"qemu+tcp://127.0.0.1/system":   {transport: "tcp", Driver: "qemu:///system"},
	"qemu+tcp://[::1]:16509/system": {transport: "tcp", Driver: "qemu:///system"},
	"qemu+tcp://localhost/system":   {transport: "tcp", Driver: "qemu:///system"},
	"qemu+tcp://192.0.2.1/system": {
		transport: "tcp", Driver: "qemu:///system", Plaintext: true,
	},
	"qemu+ssh://root@kvm1.example.net/system":                                               {transport: "ssh", Driver: "qemu:///system"},
	"qemu+ssh://kvm1.example.net/session?socket=/run/x":                                     {transport: "ssh", Driver: "qemu:///session"},
	"qemu+ssh://root@[2001:db8::1]:2222/system?keyfile=/x&proxy=native&no_tty=1":            {transport: "ssh", Driver: "qemu:///system"},
	"qemu+libssh2://root:geheim@kvm1.example.net/session":                                   {transport: "libssh2", Driver: "qemu:///session"},
	"qemu+libssh://kvm1.example.net/system?known_hosts_verify=ignore&sshauth=agent,privkey": {transport: "libssh", Driver: "qemu:///system"},
	"qemu:///system?sshauth=privkey&known_hosts_verify=ignore&no_sanity=1":                  {transport: "unix", Driver: "qemu:///system"},

	"qemu:///system?command=ssh&keyfile=/x&known_hosts=/x&netcat=nc&pkipath=/x&proxy=native&tls_priority=NORMAL": {
		transport: "unix", Driver: "qemu:///system",
	},
	"qemu:///system?no_tty=1&no_verify=1&auth=polkit&authfile=/x&name=qemu:///session": {
		transport: "unix", Driver: "qemu:///session",
	},
	"qemu+ssh://root@192.0.2.1/system?sshauth=privkey&known_hosts_verify=ignore&no_sanity=1": {
		transport: "ssh", Driver: "qemu:///system",
	},
	"qemu+ssh://root@192.0.2.1/system?sshauth=anything&known_hosts_verify=perhaps&known_hosts=/x&pkipath=/x&mode=auto": {
		transport: "ssh", Driver: "qemu:///system",
	},
	"qemu+libssh://192.0.2.1/system?no_verify=1&no_tty=1&command=ssh&no_sanity=1&pkipath=/x&tls_priority=NORMAL": {
		transport: "libssh", Driver: "qemu:///system",
	},
	"qemu+libssh2://192.0.2.1/system?no_verify=1&sshauth=AGENT": {
		transport: "libssh2", Driver: "qemu:///system",
	},
	"qemu+tls://192.0.2.1/system?no_sanity=1&keyfile=/x&known_hosts_verify=perhaps&sshauth=magic&mode=direct": {
		transport: "tls", Driver: "qemu:///system",
	},
	"qemu+tls://192.0.2.1/system?socket=/x&proxy=native&netcat=nc&command=ssh&no_tty=0": {
		transport: "tls", Driver: "qemu:///system",
	},
	"qemu+tcp://127.0.0.1/system?no_verify=1&socket=/x&proxy=native&pkipath=/x&mode=legacy&tls_priority=NORMAL": {
		transport: "tcp", Driver: "qemu:///system",
	},
}

func TestURIs(t *testing.T) {
	for uri, want := range goodURIs {
		got, err := Parse(uri)
		if err != nil {
			t.Errorf("%s: %v", uri, err)
			continue
		}
		if got.transport != want.transport || got.Driver != want.Driver || got.Plaintext != want.Plaintext ||
			got.String() != strings.ReplaceAll(uri, "geheim", "xxxxx") {
			t.Errorf("%s: %+v", uri, got)
		}
	}
}

// A plus sign is no space, a semicolon divides parameters too, and the case of their names doesn't matter.
func TestURIParametersAsLibvirtReadsThem(t *testing.T) {
	const uri = "qemu+ssh://kvm1.example.net/system?KeyFile=/keys/kvm+prod;known_hosts=/keys/a%2Bb%20c"
	e, err := Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"keyfile": "/keys/kvm+prod", "known_hosts": "/keys/a+b c"} {
		if got := e.query.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if args := strings.Join(e.sshArgs(t.Context()), "|"); !strings.Contains(args, "|/keys/kvm+prod|") {
		t.Errorf("ssh gets %s", args)
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
	"qemu:///system?socket=/x&Socket=/y":                "more than once",
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
	"qemu:///system?socket=/x&Socket=/y",
	"qemu+ssh://root:geheim@h/system", "qemu+ssh://root:geheim@h:port/system", "qemu+ssh://h/system?proxy=native&socket=/x",
	"qemu+libssh://h/system?sshauth=magic", "qemu+libssh://h/system?known_hosts_verify=perhaps",
	"qemu+tls://h/system?tls_priority=NORMAL", "qemu+tls://h/system?auth=sasl.gssapi",
}

func TestBadURIs(t *testing.T) {
	for uri, words := range badURIs {
		_, err := Parse(uri)
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", uri, err)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Error("the password is in the error")
		}
	}
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
