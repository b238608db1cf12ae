"""WeCom (企业微信): the self-built app, the group webhook and the AI bot."""
