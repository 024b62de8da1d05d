package transport

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestSSHArguments(t *testing.T) {
	for uri, want := range map[string]string{
		"qemu+ssh://kvm1/system":                                   "-- kvm1",
		"qemu+ssh://root@kvm1:2222/system?keyfile=/k":              "-p 2222 -l root -i /k -- kvm1",
		"qemu+ssh://root@[2001:db8::1]:22/system?no_verify=1":      "-p 22 -l root -o StrictHostKeyChecking=no -- 2001:db8::1",
		"qemu+ssh://kvm1/system?no_verify=0&no_tty=1&command=/ssh": "-- kvm1",
	} {
		got := strings.Join(parsed(t, uri).sshArgs(t.Context()), " ")
		if _, rest, _ := strings.Cut(got, "RemoteCommand=none "); rest != want {
			t.Errorf("%s: %s", uri, got)
		}
		if !strings.Contains(got, "BatchMode=yes") {
			t.Errorf("%s: ssh could ask: %s", uri, got)
		}
	}
	if got := parsed(t, "qemu+libssh://[::1]/system").address("22"); got != "[::1]:22" {
		t.Error(got)
	}
	if got := parsed(t, "qemu+ssh://root@kvm1:2222/system?keyfile=/k").sshByHand(); got != "ssh -i /k -p 2222 root@kvm1 true" {
		t.Error(got)
	}
	// An operator copies it into a shell.
	if got := parsed(t, "qemu+ssh://kvm1/system?command=/a%20b&keyfile=$(id)'").sshByHand(); got != `'/a b' -i '$(id)'"'"'' kvm1 true` {
		t.Error(got)
	}
}

func TestSSHGetsNoVariableOfTerraform(t *testing.T) {
	got := sshEnvironment([]string{"HOME=/root", "TF_VAR_admin_key=geheim", "SSH_AUTH_SOCK=/a", "LC_ALL=de_DE.UTF-8"})
	if want := []string{"HOME=/root", "SSH_AUTH_SOCK=/a", "LC_ALL=C"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// The script runs in whatever shell the host's user has; a POSIX shell has to take every form of it.
func TestTheRemoteScriptIsAScript(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("this machine has no sh")
	}
	folder := t.TempDir()
	for _, name := range []string{"virt-ssh-helper", "nc"} {
		text := "#!" + shell + "\necho " + name + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	odd := filepath.Join(folder, "it's $HOME; a socket")
	if err := os.WriteFile(odd, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(folder, "libvirt")
	session := "qemu+ssh://kvm1/session?proxy=netcat"
	modular := filepath.Join(folder, "modular", "libvirt", "virtqemud-sock")
	if err := os.MkdirAll(filepath.Dir(modular), 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", modular)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, tc := range []struct{ uri, runtime, want string }{
		{"qemu+ssh://kvm1/system", "", "virt-ssh-helper qemu:///system\n"},
		{"qemu+ssh://kvm1/session?proxy=native", "", "virt-ssh-helper qemu:///session\n"},
		{"qemu+ssh://kvm1/system?socket=" + strings.ReplaceAll(odd, " ", "%20"), "", "nc -U " + odd + "\n"},
		{session, folder, "nc -U " + run + "/libvirt-sock\n"},
		{session, filepath.Join(folder, "modular"), "nc -U " + modular + "\n"},
		{"qemu+ssh://kvm1/system?netcat=ncat", "", noRelay + "\n"},
	} {
		e := parsed(t, strings.ReplaceAll(tc.uri, ";", "%3B"))
		command := exec.CommandContext(t.Context(), shell, "-c", "sh -c "+problem.Quote(e.remoteScript()))
		command.Env = []string{"PATH=" + folder + ":/usr/bin:/bin", "XDG_RUNTIME_DIR=" + tc.runtime, "HOME=" + folder}
		out, _ := command.CombinedOutput() // where it fails, it says why
		if string(out) != tc.want {
			t.Errorf("%s: %q", tc.uri, out)
		}
	}
}

func TestWhatSSHSaysIsExplained(t *testing.T) {
	e := parsed(t, "qemu+ssh://root@kvm1:2222/system")
	for words, want := range map[string]struct {
		kind problem.Kind
		why  string
	}{
		"ssh: Could not resolve hostname kvm1: Name or service not known": {
			problem.Unreachable, "name of the host is not known",
		},
		"ssh: connect to host kvm1 port 2222: No route to host":                                {problem.Unreachable, "No sshd answers"},
		"Connection timed out during banner exchange":                                          {problem.Unreachable, "No sshd answers"},
		"root@kvm1: Permission denied (publickey).":                                            {problem.Denied, "none of the keys"},
		"Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures":       {problem.Denied, "none of the keys"},
		"No ED25519 host key is known for kvm1 and you have requested strict checking.":        {problem.Unreachable, "isn't in known_hosts"},
		"@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\nHost key verification failed.": {problem.Unreachable, "another ssh host key"},
		"something new": {problem.Unreachable, "ssh did not connect"},
	} {
		got := e.explainSSH(words, sshFailed)
		if got.Kind != want.kind || !strings.Contains(got.Why, want.why) || got.Raw != words || got.Do == "" {
			t.Errorf("%s: %+v", words, got)
		}
	}
	for words, want := range map[string]problem.Kind{
		"virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to '/var/run/libvirt/libvirt-sock':" +
			" Permission denied": problem.Denied,
		"nc: unix connect failed: Permission denied": problem.Denied,
		"virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to '/var/run/libvirt/libvirt-sock': No" +
			" such file or directory": problem.Unreachable,
		"sh: 1: exec: virt-ssh-helper: not found": problem.Unsupported,
		"": problem.Unreachable,
	} {
		if got := e.explainSSH(words, 1); got.Kind != want || !strings.Contains(got.Why, "ssh connection is fine") {
			t.Errorf("%s: %+v", words, got)
		}
	}
}
