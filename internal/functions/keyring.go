package functions

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewKeyring returns the function keyring.
func NewKeyring() function.Function { return keyringFunction{} }

type keyringFunction struct{}

func (keyringFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "keyring"
}

func (keyringFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Text of a keyring",
		MarkdownDescription: "The text of a keyring with one user and its key, as `ceph auth get-or-create client.NAME -o FILE` writes it and" +
			" `--keyring FILE` reads it. What comes of a sensitive key is sensitive, what comes of an ephemeral one is ephemeral and stands" +
			" in neither the state nor the plan.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name: "entity", MarkdownDescription: "The user's full name, such as `client.libvirt`: `entity` of a `ceph_user`.",
			},
			function.StringParameter{
				Name: "key", MarkdownDescription: "The user's key in base64, as `ceph auth print-key` prints it: `key` of a `ceph_user`.",
			},
		},
		Return: function.StringReturn{},
	}
}

func (keyringFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var entity string
	var argument types.String
	if resp.Error = req.Arguments.Get(ctx, &entity, &argument); resp.Error != nil {
		return
	}
	name, err := tfkit.UserOf(entity)
	if err != nil {
		resp.Error = atArgument(0, err)
		return
	}
	key := tfkit.KeyOf(argument)
	if err := key.Check(); err != nil {
		resp.Error = atArgument(1, err)
		return
	}
	resp.Error = resp.Result.Set(ctx, tfkit.KeyringText(ceph.User{Name: name, Key: key}))
}
