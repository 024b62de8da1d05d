package transport

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// HostileWords are texts that shells, ssh, C or a terminal could take for something else than a name. In each, MARKER is the path of a file
// that must never be made.
var HostileWords = []string{
	"a';touch MARKER;'", `a";touch MARKER;"`, "$(touch MARKER)", "`touch MARKER`", "a\ntouch MARKER\n", "a\r\ntouch MARKER", ";touch MARKER;#",
	"&&touch MARKER||", "|touch MARKER", "a >MARKER", `\';touch MARKER;'`, `a\`, "!touch MARKER", "!!", "-oProxyCommand=touch MARKER",
	"--sh-exec=touch MARKER", "-", "%n", "%h%r", "${IFS}touch${IFS}MARKER", "{touch,MARKER}", "~root", "*", "a\x00;touch MARKER", "\x1b]0;x\a",
	"\u202egnp.exe", "a\u00a0b", "x'\"`", strings.Repeat("a';touch MARKER;'", 200),
}

// In the name of a host or user they are refused, or they are one word of ssh's arguments.
func TestHostileHostsAndUsers(t *testing.T) {
	for _, word := range HostileWords {
		for _, uri := range []string{
			"qemu+ssh://" + word + "/system", "qemu+ssh://" + url.PathEscape(word) + "/system", "qemu+ssh://" + word + "@kvm1/system",
			"qemu+ssh://" + url.PathEscape(word) + "@kvm1/system", "qemu+libssh://" + url.PathEscape(word) + "@kvm1/system",
			"qemu+tls://" + word + "/system",
		} {
			e, err := Parse(uri)
			if err != nil {
				continue
			}
			for _, name := range []string{e.uri.Hostname(), e.uri.User.Username()} {
				if strings.HasPrefix(name, "-") || strings.ContainsAny(name, shellCharacters+" \t\r\n\x00\x1b") {
					t.Errorf("%q: %q passed", uri, name)
				}
			}
			args := e.sshArgs(t.Context())
			if i := len(args) - 2; args[i] != "--" || args[i+1] != e.uri.Hostname() {
				t.Errorf("%q: %q", uri, args)
			}
		}
	}
	if _, err := Parse("qemu+ssh://DOMAIN%5Cuser@kvm1_a.example.net/system"); err != nil {
		t.Error(err)
	}
}

// Nothing is in the remote script that a login shell takes for something else within quotes, whatever the parameters are.
func TestEveryLoginShellTakesTheScript(t *testing.T) {
	scripts := map[string]string{"none": parsed(t, "qemu+ssh://kvm1/system").remoteScript()}
	for _, parameter := range []string{"socket", "netcat", "name"} {
		for _, word := range HostileWords {
			if e, err := Parse("qemu+ssh://kvm1/system?" + parameter + "=" + Escaped(word)); err == nil {
				scripts[parameter+"="+word] = e.remoteScript()
			}
		}
	}
	for parameter, script := range scripts {
		if strings.ContainsAny(script, "\n!\\") {
			t.Errorf("%s: not every login shell takes %s", parameter, script)
		}
	}
}

// Each parameter that goes into the remote script is refused, or arrives there as it is, whatever the login shell is: of those that this
// machine has.
func TestHostileParameters(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("this machine has no sh")
	}
	folder := t.TempDir()
	marker := filepath.Join(folder, "marker")
	for _, name := range []string{"virt-ssh-helper", "nc"} {
		text := "#!" + sh + "\nfor word; do last=$word; done; printf %s \"$last\"\n"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	arrived := 0
	for _, shell := range []string{"sh", "bash", "dash", "zsh", "fish", "ksh", "csh", "tcsh"} {
		login, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		for _, parameter := range []string{"socket", "netcat", "name"} {
			for _, word := range HostileWords {
				word = strings.ReplaceAll(word, "MARKER", marker)
				e, err := Parse("qemu+ssh://kvm1/system?" + parameter + "=" + Escaped(word))
				if _, other := Parse("qemu+libssh://kvm1/system?" + parameter + "=" + Escaped(word)); (err == nil) != (other == nil) {
					t.Errorf("%q: %v over ssh, %v over libssh", word, err, other)
				}
				if err != nil {
					continue
				}
				command := exec.CommandContext(t.Context(), login, "-c", "sh -c "+problem.Quote(e.remoteScript()))
				command.Env = []string{"PATH=" + folder + ":/usr/bin:/bin", "HOME=" + folder}
				out, _ := command.CombinedOutput() // where it fails, it says why
				want := map[string]string{"netcat": noRelay + "\n"}[parameter]
				if want == "" {
					want = word
				}
				if string(out) != want {
					t.Errorf("%s: %s=%q became %q", shell, parameter, word, out)
				}
				arrived++
			}
		}
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("a command was run")
	}
	if arrived == 0 {
		t.Error("all words were refused")
	}
}
