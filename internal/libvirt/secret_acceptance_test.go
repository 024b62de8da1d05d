package libvirt

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

func TestRealSecretLife(t *testing.T) {
	for _, usageType := range []string{UsageCeph, UsageVolume} {
		t.Run(usageType, func(t *testing.T) { secretLife(t, usageType) })
	}
}

func secretLife(t *testing.T, usageType string) {
	bed := realDaemons(t)
	h := kvm(t, bed, "kvm1", Config{HostUUID: bed.Hypervisor("kvm1").UUID})
	virsh := bed.Hypervisor("kvm1").Virsh
	ctx := t.Context()
	want := Secret{
		UUID: uuid.NewString(), UsageType: usageType, UsageName: "client.a & <b>@" + uuid.NewString(), Description: "for tests & such",
	}

	_, err := h.Secret(ctx, want.UUID)
	expect.Problem(t, err, problem.NotFound, want.UUID, "kvm1")
	_, err = h.SecretByUsage(ctx, usageType, want.UsageName)
	expect.Problem(t, err, problem.NotFound)
	_, _, err = h.SecretValue(ctx, want.UUID)
	expect.Problem(t, err, problem.NotFound)
	expect.Problem(t, h.SetSecretValue(ctx, want.UUID, sensitive.New([]byte("x"))), problem.NotFound)
	expect.Problem(t, h.UndefineSecret(ctx, want.UUID), problem.NotFound)

	expect.NoError(t, h.DefineSecret(ctx, want))
	if got := expect.Value(h.Secret(ctx, strings.ToUpper(want.UUID)))(t); got != want {
		t.Errorf("%+v instead of %+v", got, want)
	}
	if got := expect.Value(h.SecretByUsage(ctx, usageType, want.UsageName))(t); got != want {
		t.Errorf("%+v instead of %+v", got, want)
	}
	if list := expect.Value(virsh(ctx, "secret-list"))(t); !strings.Contains(list, want.UUID) {
		t.Errorf("virsh doesn't show it: %s", list)
	}
	if value, state, err := h.SecretValue(ctx, want.UUID); !value.IsZero() || state != ValueMissing || err != nil {
		t.Errorf("before a value is set: %v %v %v", value, state, err)
	}

	value := []byte{0, 1, 2, 0xff, '\n'}
	expect.NoError(t, h.SetSecretValue(ctx, want.UUID, sensitive.New(value)))
	if got, state, err := h.SecretValue(ctx, want.UUID); !bytes.Equal(got.Bytes(), value) || state != ValueSet || err != nil {
		t.Errorf("%v %v %v", got, state, err)
	}
	shown := expect.Value(virsh(ctx, "secret-get-value", want.UUID))(t)
	if strings.TrimSpace(shown) != base64.StdEncoding.EncodeToString(value) {
		t.Errorf("virsh shows another value")
	}

	want.Description = "changed"
	expect.NoError(t, h.DefineSecret(ctx, want))
	if got := expect.Value(h.Secret(ctx, want.UUID))(t); got != want {
		t.Errorf("%+v instead of %+v", got, want)
	}
	if _, state, _ := h.SecretValue(ctx, want.UUID); state != ValueSet {
		t.Error("a new description lost the value")
	}

	found := false
	for _, s := range expect.Value(h.Secrets(ctx, usageType))(t) {
		found = found || s == want
	}
	if !found {
		t.Error("it is not in the list")
	}
	// Usage names of two types are not those of one another.
	other := map[string]string{UsageCeph: UsageVolume, UsageVolume: UsageCeph}[usageType]
	_, err = h.SecretByUsage(ctx, other, want.UsageName)
	expect.Problem(t, err, problem.NotFound, other+" secret")
	for _, s := range expect.Value(h.Secrets(ctx, other))(t) {
		if s.UUID == want.UUID {
			t.Errorf("it is listed among the %s secrets", other)
		}
	}
	alike := want
	alike.UUID, alike.UsageType = uuid.NewString(), other
	expect.NoError(t, h.DefineSecret(ctx, alike))
	expect.NoError(t, h.UndefineSecret(ctx, alike.UUID))
	expect.NoError(t, h.UndefineSecret(ctx, want.UUID))
	_, err = h.Secret(ctx, want.UUID)
	expect.Problem(t, err, problem.NotFound)
}

func TestRealSecretClashes(t *testing.T) {
	bed := realDaemons(t)
	h := kvm(t, bed, "kvm1", Config{})
	ctx := t.Context()
	first := Secret{UUID: uuid.NewString(), UsageType: UsageCeph, UsageName: "client.libvirt@" + uuid.NewString()}
	expect.NoError(t, h.DefineSecret(ctx, first))
	t.Cleanup(func() { _ = h.UndefineSecret(t.Context(), first.UUID) })

	other := Secret{UUID: uuid.NewString(), UsageType: UsageCeph, UsageName: first.UsageName}
	expect.Problem(t, h.DefineSecret(ctx, other), problem.Exists, first.UUID, "usage name is unique", "Import")
	other = Secret{UUID: first.UUID, UsageType: UsageCeph, UsageName: "another"}
	expect.Problem(t, h.DefineSecret(ctx, other), problem.Exists, first.UsageName, "UUID belongs to another secret")

	volume := Secret{UUID: uuid.NewString(), UsageType: UsageCeph, UsageName: "third"}
	definition := "<secret><uuid>" + volume.UUID + "</uuid><usage type='volume'><volume>/v</volume></usage></secret>"
	expect.Value(bed.Hypervisor("kvm1").VirshIn(ctx, definition, "secret-define", "/dev/stdin"))(t)
	t.Cleanup(func() { _ = h.UndefineSecret(t.Context(), volume.UUID) })
	expect.Problem(t, h.DefineSecret(ctx, volume), problem.Exists, `usage type "volume"`)
	for _, s := range expect.Value(h.Secrets(ctx, UsageCeph))(t) {
		if s.UUID == volume.UUID {
			t.Error("a volume's secret is listed as a Ceph secret")
		}
	}

	first.Private = true
	expect.NoError(t, h.DefineSecret(ctx, first))
	expect.NoError(t, h.SetSecretValue(ctx, first.UUID, sensitive.New([]byte("x"))))
	if value, state, err := h.SecretValue(ctx, first.UUID); !value.IsZero() || state != ValuePrivate || err != nil {
		t.Errorf("%v %v %v", value, state, err)
	}
	first.Private = false
	expect.Problem(t, h.DefineSecret(ctx, first), problem.Refused, "private")
}

func TestRealSecretsOverARestart(t *testing.T) {
	bed := realDaemons(t)
	hypervisor := bed.Hypervisor("kvm2")
	h := kvm(t, bed, "kvm2", Config{})
	ctx := t.Context()
	kept := defineSecret(t, h, []byte("kept"))
	lost := Secret{UUID: uuid.NewString(), UsageType: UsageCeph, UsageName: "client.x@" + uuid.NewString(), Ephemeral: true}
	expect.NoError(t, h.DefineSecret(ctx, lost))
	expect.NoError(t, h.SetSecretValue(ctx, lost.UUID, sensitive.New([]byte("lost"))))

	expect.NoError(t, hypervisor.Restart(ctx))
	if _, state, err := h.SecretValue(ctx, kept); state != ValueSet || err != nil {
		t.Errorf("%v %v", state, err)
	}
	_, err := h.Secret(ctx, lost.UUID)
	expect.Problem(t, err, problem.NotFound)
	if id := expect.Value(h.UUID(ctx))(t); id != hypervisor.UUID {
		t.Errorf("host UUID %s instead of %s", id, hypervisor.UUID)
	}
}
