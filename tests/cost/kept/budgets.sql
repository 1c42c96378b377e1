BEGIN TRANSACTION;
CREATE TABLE held (
    number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, pid INTEGER NOT NULL,
    born REAL NOT NULL, amounts TEXT NOT NULL);
CREATE TABLE spent (
    account TEXT, dimension TEXT, amount REAL NOT NULL, PRIMARY KEY (account, dimension));
INSERT INTO "spent" VALUES('team','usd',0.00166);
INSERT INTO "spent" VALUES('team','joules',8.08917126675995405097e+02);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('held',3);
COMMIT;
PRAGMA user_version = 0;
