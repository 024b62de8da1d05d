package libvirt

import (
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

func TestAConfigurationThatCantBeUsed(t *testing.T) {
	for cfg, words := range map[Config][]string{
		{Label: "kvm1", URI: "qemu:///nowhere"}: {
			`The uri of hypervisor "kvm1" can't be used.`, "has to be /system", "qemu+ssh://root@kvm1.example.net/system",
		},
		{URI: "qemu:///nowhere"}:                                {"The uri can't be used.", "has to be /system"},
		{Label: "kvm1", URI: "qemu:///system", HostUUID: "abc"}: {`"kvm1"`, `"abc"`, "virsh capabilities"},
	} {
		_, err := NewHost(cfg)
		expect.Problem(t, err, problem.Invalid, words...)
	}
}

func TestThePasswordStaysInside(t *testing.T) {
	h, err := NewHost(Config{Label: "kvm1", URI: "qemu+libssh://root:geheim@kvm1.example.net/system"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(h.name(), "geheim") {
		t.Error(h.name())
	}
}

func TestNoKeyOverAnOpenNetwork(t *testing.T) {
	h := host(t, Config{URI: "qemu+tcp://192.0.2.1/system"})
	err := h.SetSecretValue(t.Context(), fakeHostUUID, sensitive.New([]byte("geheim")))
	expect.Problem(t, err, problem.Refused, "tcp without TLS", "allow_plaintext", "192.0.2.1")
	if strings.Contains(err.Error(), "geheim") {
		t.Error("the key is in the error")
	}
	if !host(t, Config{URI: "qemu+tcp://192.0.2.1/system"}).withholdsKeys() ||
		host(t, Config{URI: "qemu+tcp://192.0.2.1/system", AllowPlaintext: true}).withholdsKeys() ||
		host(t, Config{URI: "qemu+tls://192.0.2.1/system"}).withholdsKeys() {
		t.Error("the rule is not what it should be")
	}
}

// Where the provider block sets no time limits, those are in force that its page tells.
func TestTimeouts(t *testing.T) {
	for name, tc := range map[string]struct {
		set, inForce [2]time.Duration // connect, operation
	}{
		"neither": {[2]time.Duration{}, [2]time.Duration{30 * time.Second, 5 * time.Minute}},
		"one":     {[2]time.Duration{0, time.Hour}, [2]time.Duration{30 * time.Second, time.Hour}},
		"both":    {[2]time.Duration{time.Second, time.Hour}, [2]time.Duration{time.Second, time.Hour}},
	} {
		h := host(t, Config{URI: "qemu:///system", ConnectTimeout: tc.set[0], OperationTimeout: tc.set[1]})
		if h.config.ConnectTimeout != tc.inForce[0] || h.config.OperationTimeout != tc.inForce[1] {
			t.Errorf("%s: %s, %s", name, h.config.ConnectTimeout, h.config.OperationTimeout)
		}
	}
}
