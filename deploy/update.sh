#!/usr/bin/env bash
# 更新要点：先备份，再取新版本、安装、重启，等它就绪。哪一步不成，都会说怎么回到原来的版本。
# 用法：sudo deploy/update.sh [--data 数据文件夹] [--config 配置文件] [--service 服务名] [--url 网址]
set -euo pipefail

data=${YAODIAN_DATA:-/var/lib/yaodian}
config=${YAODIAN_CONFIG:-/etc/yaodian/yaodian.toml}
service=yaodian
url=http://127.0.0.1:8765
patience_s=${PATIENCE_S:-180}
while (($#)); do
  case $1 in
    --data) data=${2:?} ;;
    --config) config=${2:?} ;;
    --service) service=${2:?} ;;
    --url) url=${2:?} ;;
    *) sed -n '2,3s/^# //p' "$0"; exit 2 ;;
  esac
  shift 2
done
data=$(realpath -m "$data")
[ ! -f "$config" ] || config=$(realpath "$config")
cd "$(dirname "$(realpath "$0")")/.."

say() { printf '%s\n' "$*"; }
stop() { printf '%s\n' "$*" >&2; exit 1; }

# The data belong to the service's user; root must not leave files there that it cannot open.
owner=$(stat -c %U "$data" 2>/dev/null || id -un)
as_owner=()
[ "$(id -un)" = "$owner" ] || as_owner=(runuser -u "$owner" --)
yaodian=("${as_owner[@]}" env YAODIAN_DATA="$data")
[ ! -f "$config" ] || yaodian+=(YAODIAN_CONFIG="$config")
yaodian+=("$PWD/.venv/bin/yaodian")

ask_server() { "$PWD/.venv/bin/python" -I -c '
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())
except urllib.error.HTTPError as error:
    print(error.read().decode())
    sys.exit(1)
except OSError:
    sys.exit(1)
' "$url$1"; }

advise() {
  say ""
  say "要回到原来的版本和数据，请依次运行："
  say "  systemctl stop $service"
  say "  cd $PWD && git reset --keep $before && make install"
  [ -z "${backup:-}" ] || say "  ${yaodian[*]} restore $backup --yes"
  say "  systemctl start $service"
}

[ -x .venv/bin/yaodian ] || stop "这里还没有安装过，请先按 docs/deploy.md 安装。"
[ -z "$(git status --porcelain --untracked-files=no)" ] ||
  stop "程序文件夹 $PWD 里有改动过的文件，更新会冲突。请先看 git status；配置不要写在程序文件夹里。"
before=$(git rev-parse HEAD)

say "一、看看有没有新版本……"
git fetch --quiet || stop "取不到新版本，请检查网络和 git 地址。什么都没有改动。"
after=$(git rev-parse '@{upstream}')
if [ "$before" = "$after" ]; then
  say "已经是最新版本，不用更新。"
  exit 0
fi
git merge-base --is-ancestor "$before" "$after" ||
  stop "这里的版本和远端的分了岔，不能直接更新，请找维护的人。什么都没有改动。"
git --no-pager log --no-decorate --format='  · %s' -n 20 "$before..$after"

say "二、备份……"
backup=
if [ -e "$data/yaodian.db" ] || { [ -f "$config" ] && grep -Eq '^[[:space:]]*url[[:space:]]*=' "$config"; }; then
  backup="$data/backups/before-update-$(date +%Y%m%d-%H%M%S).zip"
  "${yaodian[@]}" backup "$backup" || stop "备份没有做成，所以没有更新。请照上面的提示处理后再来。"
else
  say "还没有数据，不用备份。"
fi

say "三、换上新版本并安装……"
go_back() {
  git reset --quiet --keep "$before"
  make --silent install || true
  stop "新版本没有装成，已经换回原来的版本，服务没有停过，数据没有动。请把上面的提示发给维护的人。"
}
git merge --quiet --ff-only "$after" || go_back
make --silent install || go_back

say "四、重启……"
systemctl restart "$service" || { advise; stop "服务没有启动起来，看 journalctl -u $service -n 50。"; }
for ((waited = 0; ; waited++)); do
  if ask_server /healthz >/dev/null; then break; fi
  ((waited < patience_s)) ||
    { advise; stop "等了 $patience_s 秒，新版本还没有就绪。先看 journalctl -u $service -n 50。"; }
  sleep 1
done
if ask_server /readyz; then
  say "更新好了：${before:0:8} → ${after:0:8}。"
else
  say "新版本已经在运行，但有一处还没准备好，见上面一行里 \"ready\": false 的那一项（/readyz）。"
fi
[ -z "$backup" ] || say "更新前的备份在 $backup ，用着没问题以后可以删。"
advise
