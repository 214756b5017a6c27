// Sentences of backup, restore, promote and migrate.
import { error, info, type MessageForm, warning } from '#message-form.ts';

export const GROWTH_MESSAGES = {
  'help.backup': info(
    'Copies everything that is kept into a folder or a bucket, while the platform runs.',
    '稼働したまま、保存データすべてをフォルダーまたはバケットにバックアップします。',
  ),
  'help.restore': info('Brings a backup back into an empty folder or empty stores.', 'バックアップを空のフォルダーまたは空のストアに復元します。'),
  'help.promote': info(
    'Moves a data folder into PostgreSQL, ClickHouse and S3, for roles apart.',
    'データフォルダーを PostgreSQL・ClickHouse・S3 に移行します（ロール分離構成用）。',
  ),
  'help.migrate': info(
    '--dry-run: what the next start would do to the records, rehearsed on a copy.',
    '--dry-run: 次回の起動でレコードに加わる変更を、コピー上で試します。',
  ),
  'growth.step-copy': info('copying the records', 'レコードをコピー中'),
  'growth.step-load': info('loading the copy', 'コピーを読み込み中'),
  'growth.step-migrate': info('migrating the copy', 'コピーを移行中'),
  'migrate.needs-dry-run': error(
    'Every start migrates by itself. Rehearse it with ./genai migrate --dry-run [--from BACKUP]',
    '移行は起動時に自動で行われます。事前に試すには ./genai migrate --dry-run [--from バックアップ] を実行してください。',
  ),
  'migrate.nothing': info('Nothing to migrate: the records are at {applied} ({rows} rows).', '移行は不要です: レコードは {applied} の状態です（{rows} 行）。'),
  'migrate.would': info(
    'The next start would run {count} migration(s) after {applied}; on a copy with {rows} rows they took:',
    '次回の起動で、{applied} の後に {count} 件の移行が実行されます。{rows} 行のコピーでの所要時間:',
  ),
  'migrate.changed': info('Tables with more or fewer rows afterwards: {tables}', '行数が変わるテーブル: {tables}'),
  'migrate.compatible': info(
    'The previous release keeps working on the new tables: processes may be restarted one by one.',
    '以前のリリースも新しいテーブルで動作するため、プロセスを 1 つずつ再起動できます。',
  ),
  'migrate.faults': warning(
    'The previous release would not keep working. Stop all its processes before the new release starts:',
    '以前のリリースは動作しなくなります。新しいリリースを起動する前に、すべてのプロセスを停止してください:',
  ),
  'growth.step-drain': info('storing what was accepted', '受け付け済みデータを保存中'),
  'growth.step-records': info('records (PostgreSQL)', 'レコード（PostgreSQL）'),
  'growth.step-journal': info('journal', 'ジャーナル'),
  'growth.step-blobs': info('objects', 'オブジェクト'),
  'growth.step-analytics': info('traces (ClickHouse)', 'トレース（ClickHouse）'),
  'growth.step-compare': info('comparing counts and checksums', '件数とチェックサムを照合中'),
  'growth.starting': info(
    'No process runs on {dataDir}: it is started for this, without open doors.',
    '{dataDir} は稼働していないため、一時的に起動します（外部には公開しません）。',
  ),
  'growth.refused': error('Not done: {reason}', '実行できませんでした: {reason}'),
  'growth.ended': error('the running process ended in the middle', '稼働中のプロセスが途中で終了しました'),
  'backup.done': info(
    'Backup {id} in {seconds} s: {records} records, {analytics} rows of traces, {blobs} objects, {journalBytes} bytes of journal\n  {place}',
    'バックアップ {id} を {seconds} 秒で作成しました: レコード {records} 件、トレースの行 {analytics} 件、オブジェクト {blobs} 個、ジャーナル {journalBytes} バイト\n  {place}',
  ),
  'backup.no-secret': warning(
    'The instance secret is not in it (id {secretId}). Keep a copy of secret.key (or GENAI_INSTANCE_SECRET) elsewhere: a restore asks for it.',
    'インスタンスシークレット（ID {secretId}）は含まれていません。復元時に必要です。secret.key（または GENAI_INSTANCE_SECRET）を別の場所に保管してください。',
  ),
  'backup.with-secret': warning(
    'It holds the instance secret and the first credentials: whoever reads the folder owns the platform.',
    'インスタンスシークレットと初期の認証情報を含みます。このフォルダーを読める人は、プラットフォームのすべてを操作できます。',
  ),
  'restore.needs-from': error(
    'Name the backup: ./genai restore --from FOLDER|s3://BUCKET/PREFIX',
    'バックアップを指定してください: ./genai restore --from フォルダー|s3://バケット/プレフィックス',
  ),
  'restore.done': info(
    'Restored {id} in {seconds} s, compared by counts and checksums: {records} records, {analytics} rows of traces, {blobs} objects. Next: {next}',
    '{id} を {seconds} 秒で復元し、件数とチェックサムを照合しました: レコード {records} 件、トレースの行 {analytics} 件、オブジェクト {blobs} 個。次の手順: {next}',
  ),
  'restore.could': info(
    'It can be restored: {records} records, {analytics} rows of traces, {blobs} objects, journal of {journalBytes} bytes. Nothing was changed.',
    '復元できます: レコード {records} 件、トレースの行 {analytics} 件、オブジェクト {blobs} 個、ジャーナル {journalBytes} バイト。何も変更していません。',
  ),
  'promote.running': error(
    'The platform still runs on {dataDir} (pid {pid}): stop it first, so that nothing is accepted that would not be moved.',
    '{dataDir} のプラットフォームが稼働中です（pid {pid}）。移行漏れを防ぐため、先に停止してください。',
  ),
  'promote.absent': error(
    '{dataDir} holds no platform: name its folder with --data-dir.',
    '{dataDir} にプラットフォームのデータがありません。--data-dir でフォルダーを指定してください。',
  ),
  'promote.needs': error(
    'The stores to move into are not named. Set GENAI_RECORDS_URL, CLICKHOUSE_URL, GENAI_BLOBS_URL and GENAI_INSTANCE_SECRET (the content of {dataDir}/secret.key): {faults}',
    '移行先のストアが指定されていません。GENAI_RECORDS_URL、CLICKHOUSE_URL、GENAI_BLOBS_URL、GENAI_INSTANCE_SECRET（{dataDir}/secret.key の内容）を設定してください: {faults}',
  ),
  'promote.stage': info('1/2  taking {dataDir} out into {stage}', '1/2  {dataDir} を {stage} に書き出しています'),
  'promote.stage-there': info('1/2  {stage} holds {dataDir} already', '1/2  {stage} に {dataDir} の書き出しがあります'),
  'promote.fill': info('2/2  bringing it into the stores', '2/2  移行先のストアに書き込んでいます'),
  'promote.confirm': warning(
    'Move {records} records, {analytics} rows of traces and {blobs} objects into these stores?',
    'レコード {records} 件、トレースの行 {analytics} 件、オブジェクト {blobs} 個をこれらのストアに移行しますか？',
  ),
  'promote.not-done': info('Nothing was moved. Without a terminal, say --yes.', '移行していません。端末以外で実行する場合は --yes を付けてください。'),
  'promote.done': info(
    'Moved and compared in {seconds} s: {records} records, {analytics} rows of traces, {blobs} objects. {dataDir} is unchanged; do not start it again beside the new one. Next: docs/how-to/run-apart.md',
    '{seconds} 秒で移行し、照合しました: レコード {records} 件、トレースの行 {analytics} 件、オブジェクト {blobs} 個。{dataDir} は変更していません（移行後は起動しないでください）。次の手順: docs/how-to/run-apart.md',
  ),
} as const satisfies Record<string, MessageForm>;
